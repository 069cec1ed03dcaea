"""Flows over HTTP: the flow execution API for any front end, mountable by any Starlette or FastAPI application."""

from engine.http.api import FLOW_API_ENDS, routes
from engine.http.exposure import FlowNotExposable
from engine.http.reading import Limits
from engine.http.resource import Cors

__all__ = ["FLOW_API_ENDS", "Cors", "FlowNotExposable", "Limits", "routes"]
