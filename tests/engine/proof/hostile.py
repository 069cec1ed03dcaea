"""Files that nobody should be able to hurt the compiler with. Run as a program, it checks each and reports as JSON."""

import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.language import check_folder, render_diagnostics

FLOW: Final = "flow: big\nversion: 1.0.0\nlanguage: 1\noutcomes: {done: {}}\nstart: n0\nnodes:\n"
END: Final = "  done: {end: done}\n"


def _write(content: str | bytes) -> Callable[[Path], None]:
    return lambda path: _ignore(path.write_bytes(content.encode() if isinstance(content, str) else content))


def _ignore(_result: int) -> None:
    return None


def _hole(path: Path) -> None:
    with path.open("wb") as file:  # a file of zeros that takes no space on the disk
        file.truncate(100 * 1024 * 1024)


def _full(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"# " + b"x" * (1024 * 1024 - 3) + b"\n")


def _nodes(count: int) -> str:
    nodes = "".join(f"  n{n}: {{decide: [{{when: =1 > 2, to: done}}], else: n{n + 1}}}\n" for n in range(count - 1))
    return f"{FLOW}{nodes}  n{count - 1}: {{decide: [{{when: =1 > 2, to: done}}], else: done}}\n{END}"


def _bomb() -> str:
    layers = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 20))
    return f"l0: &l0 [lol]\n{layers}"


CASES: Final[dict[str, Callable[[Path], None]]] = {
    "100 MB of comments": _full,
    "100 MB of zeros": _hole,
    "10,000 nodes": _write(_nodes(10_000)),
    "nesting of 1,000 in flow style": _write(FLOW + "  n0: " + "[" * 1000 + "]" * 1000 + "\n"),
    "nesting of 1,000 in block style": _write("".join(" " * n + f"k{n}:\n" for n in range(1000))),
    "nesting of 1,000 in a sequence": _write("- " * 1000 + "x\n"),
    "an alias bomb": _write(_bomb()),
    "merge keys": _write("a: &a {b: 1}\nc:\n  <<: *a\n"),
    "an expression of 1,000 brackets": _write(
        FLOW + f'  n0: {{end: done, with: {{a: "={"(" * 1000}1{")" * 1000}"}}}}\n'
    ),
    "a pattern that takes for ever": _write(
        "flow: f\nversion: 1.0.0\nlanguage: 1\ninputs: {a: {type: string, default: "
        + "a" * 40
        + "!, pattern: '(a+)+$'}}\noutcomes: {done: {}}\nstart: done\nnodes: {done: {end: done}, lost: {end: done}}\n"
    ),
    "a list of 100,000 entries": _write("a: [" + "1," * 100_000 + "]"),
    "one line of 200,000 characters": _write("a: " + "x" * 200_000),
    "100,000 opening quotes": _write("'\n" * 50_000),
    "a NUL": _write(FLOW + "  n0: {end: do\x00ne}\n"),
    "no UTF-8": _write(FLOW.encode() + b"  n0: {end: \xff\xfe}\n"),
    "half a surrogate": _write(FLOW.encode() + b"  n0: {end: \xed\xa0\x80}\n"),
    "UTF-16": _write(FLOW.encode("utf-16")),
    "a control character": _write(FLOW + "  n0: {end: \x1b[31mdone}\n"),
    "nothing": _write(""),
    "a directory": lambda path: path.mkdir(),
    "a dangling link": lambda path: path.symlink_to(path.with_name("nowhere")),
    "a link to itself": lambda path: path.symlink_to(path),
    "a FIFO": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


def check(path: Path) -> dict[str, object]:
    """Check the file, render what is found, and return both with the seconds that it took."""
    began = time.perf_counter()
    report, _ = check_folder([path], contracts=())
    shown = render_diagnostics(report.diagnostics, {}, color=False)
    seconds = time.perf_counter() - began
    found = [[each.code, each.line, each.column] for each in report.errors]
    return {"seconds": seconds, "found": found[:3], "shown": shown[:500]}


def main(folder: Path) -> None:
    """Make every file of the table in *folder* and check it."""
    results = {}
    for number, (name, make) in enumerate(CASES.items()):
        path = folder / f"f{number}.yaml"
        make(path)
        results[name] = check(path)
    sys.stdout.write(json.dumps({"peak": peak_bytes(), "results": results}))


def peak_bytes() -> int:
    """Return the most memory that this program has had: getrusage would count its parent's, as it was at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(Path(sys.argv[1]))
