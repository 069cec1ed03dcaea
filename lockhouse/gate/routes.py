"""The gate's routes: `/a/{token}`, where people are led by a link, and the three files that its pages load."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.storage import Database, Keyring
from lockhouse.gate.assets import Asset, load_assets
from lockhouse.gate.door import Door
from lockhouse.gate.ports import Clock, Journeys, Requests
from lockhouse.gate.rendering import Renderer
from lockhouse.gate.settings import GateSettings
from lockhouse.gate.visits import Visits

__all__ = ["gate_routes"]

_FOR_A_YEAR = "public, max-age=31536000, immutable"
_FOR_A_DAY = "public, max-age=86400"


def gate_routes(
    *,
    ciba: Requests,
    engine: Journeys,
    database: Database,
    keyring: Keyring,
    clock: Clock,
    settings: GateSettings,
) -> list[Route]:
    """Return the routes of the pages for people. GET changes nothing; whatever changes something is a POST."""
    assets = load_assets(settings.accent)
    door = Door(
        visits=Visits(requests=ciba, database=database, keyring=keyring, clock=clock),
        journeys=engine,
        renderer=Renderer(settings=settings, assets=assets),
        mac=keyring.mac,
        settings=settings,
    )
    return [
        Route("/a/{token}", door.handle, methods=["GET", "POST"], name="gate"),
        *_asset_routes((assets.style, assets.script, assets.icon), icon=assets.icon),
    ]


def _asset_routes(assets: Sequence[Asset], *, icon: Asset) -> list[Route]:
    by_name = {asset.name: asset for asset in assets}

    async def serve(request: Request) -> Response:
        asset = by_name.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        return _answer(asset, _FOR_A_YEAR)

    async def favicon(_: Request) -> Response:
        return _answer(icon, _FOR_A_DAY)

    return [Route("/gate/{name}", serve, methods=["GET"]), Route("/favicon.ico", favicon, methods=["GET"])]


def _answer(asset: Asset, keep: str) -> Response:
    headers = {
        "Cache-Control": keep,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Response(asset.content, media_type=asset.media_type, headers=headers)
