"""The command line `lockhouse`: set up, run, and look after a server."""

from lockhouse.command_line.root import app, main

__all__ = ["app", "main"]
