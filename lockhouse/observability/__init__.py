"""Metrics and traces of a running server, each with packages of its own: `lockhouse[metrics]`, `lockhouse[tracing]`."""

from lockhouse.observability.several import Watched, watched

__all__ = ["Watched", "watched"]
