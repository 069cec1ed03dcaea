"""What the pytest plugin calls its settings and its files."""

from typing import Final

__all__ = ["EXECUTORS", "FLOWS", "SUFFIX"]

SUFFIX: Final = ".tests.yaml"
EXECUTORS: Final = "lockhouse_executors"
FLOWS: Final = "lockhouse_flows"
