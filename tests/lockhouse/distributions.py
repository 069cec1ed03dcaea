"""Distributions with executors in them: wheels that are built and installed into a folder, as pip does it."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

STOCK = """\
from collections.abc import Mapping
from typing import Any

from engine import Context, Contract, Done


class ReserveStock:
    contract = Contract.declare(
        name="reserve_stock",
        summary="Reserves articles.",
        effect="external",
        takes_key=True,
        inputs={"article": "id", "count": {"type": "integer", "min": 1}},
        outcomes={"reserved": {"left": "integer"}, "sold_out": {}},
    )

    async def run(self, context: Context, inputs: Mapping[str, Any]) -> Done:
        return Done("reserved", {"left": 10 - inputs["count"]})
"""
DECLARED = """\
executors:
  reserve_stock:
    summary: Reserves articles.
    effect: external
    takes_key: true
    inputs: {article: id, count: {type: integer, min: 1}}
    outcomes: {reserved: {left: integer}, sold_out: {}}
"""
ORDER = """\
flow: order
version: 1.0.0
language: 1
type: utility
title: Reserve an article
inputs: {article: {type: id}}
outcomes: {ordered: {left: {type: integer}}, not_ordered: {}}
start: reserve
nodes:
  reserve:
    task: reserve_stock
    with: {article: =inputs.article, count: 3}
    routes: {reserved: done, sold_out: not_now}
  done: {end: ordered, with: {left: =steps.reserve.left}}
  not_now: {end: not_ordered}
"""


def wheel(folder: Path, name: str, modules: Mapping[str, str], points: Mapping[str, str]) -> Path:
    """Return a new wheel ``NAME-1.0`` in *folder*, with *modules* by name and the entry points of our group."""
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    listed = "".join(f"{point} = {value}\n" for point, value in points.items())
    files = {
        **{f"{module}.py": text for module, text in modules.items()},
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[lockhouse.executors]\n{listed}",
    }
    record = "".join(f"{path},sha256={_hash(text)},{len(text.encode())}\n" for path, text in files.items())
    made = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return made


def install(made: Path, site: Path) -> None:
    """Install a pure wheel into *site*: that is to unpack it."""
    with zipfile.ZipFile(made) as archive:
        archive.extractall(site)


def _hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
