"""Fuzzing led by coverage: atheris changes bytes so that they reach new lines of the loader, the parser and the checks.

Run as a program, with libFuzzer's arguments: python -m tests.engine.proof.guided -max_total_time=60 CORPUS
"""

import sys

import atheris

with atheris.instrument_imports(include=["engine.language", "engine.contracts"]):
    from engine.language import check_flows, diagnostics_json, render_diagnostics
    from lockhouse.flows import CONTRACTS


def check(content: bytes) -> None:
    """Check any bytes as a flow, and render what is found; whatever is raised is a crash."""
    report = check_flows([("fuzzed.yaml", content)], contracts=CONTRACTS)
    render_diagnostics(report.diagnostics, {"fuzzed.yaml": content}, color=False)
    diagnostics_json(report.diagnostics)
    if any(found.line < 1 or not 1 <= found.column < found.end_column for found in report.diagnostics):
        raise AssertionError("a diagnostic has no place")


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
