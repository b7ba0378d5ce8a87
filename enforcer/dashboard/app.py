"""Assembly of the dashboard as an ASGI application."""

from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from enforcer.dashboard.api import Api
from enforcer.dashboard.call_sites import CallSites
from enforcer.dashboard.live_updates import Live
from enforcer.dashboard.pages import Pages
from enforcer.dashboard.places import Places
from enforcer.dashboard.security import Guard
from enforcer.dashboard.settings import Settings
from enforcer.dashboard.templating import ASSETS, Rendering
from enforcer.owners import Owners
from enforcer.rules.git import ask_git

_GIT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The application and its live updates.

    Attributes:
        app: the ASGI application.
        live: the streams of updates; has to know when the server ends, so that they end too.

    """

    app: ASGIApp
    live: Live


def create_dashboard(settings: Settings) -> Dashboard:
    """Create the application; nothing is read from the store before the first request."""
    rendering = Rendering(settings)
    root = settings.migration_map.root if settings.migration_map else ""
    has_links = bool(settings.migration_map and settings.migration_map.source_url)
    places = Places(settings, Owners(root))
    call_sites = CallSites(settings.migration_map, _revision(root) if has_links else "")
    pages = Pages(places, rendering, call_sites)
    live = Live(settings)

    def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return pages.not_found(request)
        return Response(
            rendering.assets[name],
            media_type=ASSETS[name],
            headers={"Cache-Control": "private, max-age=31536000, immutable"},
        )

    async def missing(request: Request, _error: Exception) -> Response:
        if request.scope["path"].startswith(f"{settings.prefix}/api/"):
            body = {"error": "There is no such address", "slug": "no-page"}
            return JSONResponse(body, status_code=404)
        return pages.not_found(request)

    async def failed(request: Request, _error: Exception) -> Response:
        return pages.failed(request)

    app = Starlette(
        routes=[
            Route("/", pages.overview),
            Route("/rules", pages.rules),
            Route("/rules/{legacy:path}", pages.rule),
            Route("/callers", pages.callers),
            Route("/services", pages.services),
            Route("/live", live.events),
            Route("/static/{name}", asset),
            Route("/api/", pages.api),
            *Api(places, call_sites).routes(),
        ],
        exception_handlers={404: missing, 500: failed},
    )
    # Outermost, so that the page of an error has the security headers too.
    return Dashboard(Guard(app, settings, rendering), live)


def _revision(root: str) -> str:
    """Return the commit that the source is a checkout of; empty without git."""
    answer = ask_git(root, "rev-parse", "HEAD", timeout=_GIT_SECONDS)
    return (answer or b"").decode("ascii", "replace").strip()
