"""The flow execution API as this deployment serves it."""

from starlette.routing import Route

from engine import Engine
from engine.http import Cors, FlowNotExposable, Limits, routes
from lockhouse.api_settings import FlowApiSection
from lockhouse.configuration import SettingsInvalid

__all__ = ["flow_api_routes"]


def flow_api_routes(engine: Engine, settings: FlowApiSection) -> list[Route]:
    """Return its routes; SettingsInvalid where a flow is exposed that is not there or may not be."""
    limits = Limits(
        body=settings.max_body, members=settings.max_members, held=settings.held, held_each=settings.held_each
    )
    try:
        return routes(engine, exposed=settings.expose, limits=limits, cors=Cors(origins=settings.origins))
    except FlowNotExposable as error:
        raise SettingsInvalid((f"flow_api.expose: {error}",)) from error
