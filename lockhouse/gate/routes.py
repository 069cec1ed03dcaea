"""The gate's routes: `/a/{token}`, where people are led by a link, and the files that its pages load."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine import Clock
from engine.storage import Database, Keyring
from lockhouse.gate.assets import Asset, Assets, load_assets
from lockhouse.gate.device import Codes, DevicePage
from lockhouse.gate.door import Door
from lockhouse.gate.ports import Journeys, Requests
from lockhouse.gate.rendering import Renderer
from lockhouse.gate.settings import GateSettings
from lockhouse.gate.visits import Visits
from lockhouse.gate.wording import Wording, load_wording

__all__ = ["asset_routes", "check_looks", "gate_routes"]

_FOR_A_YEAR = "public, max-age=31536000, immutable"
_FOR_A_DAY = "public, max-age=86400"


def gate_routes(
    *,
    requests: Requests,
    engine: Journeys,
    database: Database,
    keyring: Keyring,
    clock: Clock,
    settings: GateSettings,
    codes: Codes | None = None,
) -> list[Route]:
    """Return the routes of the pages for people. GET changes nothing; whatever changes something is a POST.

    With *codes* there is a page to type the code of a device on.
    """
    assets, wording = check_looks(settings)
    renderer = Renderer(settings=settings, assets=assets, wording=wording)
    page = codes and DevicePage(
        codes=codes, database=database, clock=clock, renderer=renderer, mac=keyring.mac, settings=settings
    )
    door = Door(
        visits=Visits(requests=requests, database=database, keyring=keyring, clock=clock),
        journeys=engine,
        renderer=renderer,
        mac=keyring.mac,
        settings=settings,
    )
    return [
        Route("/a/{token}", door.handle, methods=["GET", "POST"], name="gate"),
        *(page.routes() if page else ()),
        *asset_routes(assets),
    ]


def check_looks(settings: GateSettings) -> tuple[Assets, Wording]:
    """Return what pages load and say, as *settings* want it. Raises `LogoInvalid` or `WordingInvalid`."""
    assets = load_assets(settings.accent, logo=settings.logo, logo_dark=settings.logo_dark)
    return assets, load_wording(settings.language, settings.texts)


def asset_routes(assets: Assets) -> list[Route]:
    """Return the routes of the files that pages load."""
    by_name = assets.by_name

    async def serve(request: Request) -> Response:
        """Give a page its style, its script or its logo."""
        asset = by_name.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        return _answer(asset, _FOR_A_YEAR)

    async def favicon(_: Request) -> Response:
        """Give a browser the picture for its tab."""
        return _answer(assets.icon, _FOR_A_DAY)

    return [Route("/gate/{name}", serve, methods=["GET"]), Route("/favicon.ico", favicon, methods=["GET"])]


def _answer(asset: Asset, keep: str) -> Response:
    headers = {
        "Cache-Control": keep,
        # A logo may be an SVG file that somebody opens by itself: it then runs nothing and loads nothing.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Response(asset.content, media_type=asset.media_type, headers=headers)
