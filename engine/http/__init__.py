"""Flows over HTTP: the flow execution API for any front end, mountable by any Starlette or FastAPI application."""

from engine.http.api import FLOW_API_ENDS, routes
from engine.http.exposure import FlowNotExposable
from engine.http.holding import preferred_wait
from engine.http.operator import Operators
from engine.http.operator_api import OPERATOR_SCOPES, operator_operations
from engine.http.person_tokens import PersonToken, PersonTokens
from engine.http.reading import Limits
from engine.http.resource import Cors

__all__ = [
    "FLOW_API_ENDS",
    "OPERATOR_SCOPES",
    "Cors",
    "FlowNotExposable",
    "Limits",
    "Operators",
    "PersonToken",
    "PersonTokens",
    "operator_operations",
    "preferred_wait",
    "routes",
]
