"""The flow execution API and the operator's, as this deployment serves them."""

from starlette.routing import Route

from engine import Engine
from engine.http import Cors, FlowNotExposable, Limits, operator_operations, routes
from engine.language import Catalogue
from lockhouse.api_settings import FlowApiSection
from lockhouse.configuration import SettingsInvalid
from lockhouse.operator_tokens import StoredOperators

__all__ = ["flow_api_routes"]


def flow_api_routes(engine: Engine, settings: FlowApiSection, *, catalogue: Catalogue) -> list[Route]:
    """Return their routes; SettingsInvalid where a flow is exposed that is not there or may not be.

    *catalogue* has the texts that flows may name which are published over HTTP.
    """
    limits = Limits(
        body=settings.max_body, members=settings.max_members, held=settings.held, held_each=settings.held_each
    )
    try:
        return routes(
            engine,
            exposed=settings.expose,
            limits=limits,
            cors=Cors(origins=settings.origins),
            also=operator_operations(engine, operators=StoredOperators(database=engine.database), catalogue=catalogue),
        )
    except FlowNotExposable as error:
        raise SettingsInvalid((f"flow_api.expose: {error}",)) from error
