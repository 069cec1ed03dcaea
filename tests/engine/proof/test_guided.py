"""Fuzzing led by coverage finds no bytes that the compiler answers with anything but diagnostics."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import flow_definitions
from tests.engine.language.samples import EXPENSE, LOGIN

SECONDS = int(os.environ.get("LOCKHOUSE_FUZZ_SECONDS", "60"))

# atheris is made for Linux on x86-64; elsewhere the mutators of test_compiling.py fuzz alone.
if importlib.util.find_spec("atheris") is not None:

    @pytest.mark.long
    @pytest.mark.timeout(SECONDS * 3 + 60)
    def test_no_bytes_that_reach_new_lines_raise(tmp_path: Path) -> None:
        corpus = tmp_path / "corpus"
        corpus.mkdir()
        for file in flow_definitions.folder().glob("*.yaml"):
            (corpus / file.name).write_bytes(file.read_bytes())
        (corpus / "login").write_text(LOGIN, encoding="utf-8")
        (corpus / "expense").write_text(EXPENSE, encoding="utf-8")
        limits = [f"-max_total_time={SECONDS}", "-max_len=8000", "-timeout=20", f"-artifact_prefix={tmp_path}/"]
        command = [sys.executable, "-m", "tests.engine.proof.guided", *limits, str(corpus)]
        done = subprocess.run(command, capture_output=True, check=False)
        found = [file.read_bytes()[:500] for file in tmp_path.glob("*-*")]
        assert (done.returncode, found) == (0, []), done.stderr.decode(errors="replace")[-3000:]
        assert b"Done" in done.stderr
