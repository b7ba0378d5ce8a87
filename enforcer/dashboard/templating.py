"""Template rendering: escapes everything that comes from outside, and shortens long texts."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

import jinja2
from starlette.responses import HTMLResponse, Response

from enforcer import __version__
from enforcer.dashboard.settings import Settings
from enforcer.dashboard.timeline import Change
from enforcer.output.times import ago, iso, nanoseconds, short
from enforcer.output.words import agreed, counted, listed, visible
from enforcer.rules.repository import inner

LONGEST_TEXT: Final = 200
"""Number of characters of a name on a page; a recorded one may have a megabyte."""

_KEPT_END: Final = 60
_THOUSAND: Final = 10_000
_UNITS: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))

ASSETS: Final = {
    "dashboard.css": "text/css; charset=utf-8",
    "dashboard.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""The files that pages load, all of them from this package."""


class Rendering:
    """Renderer of the pages of one dashboard."""

    def __init__(self, settings: Settings) -> None:
        """Load templates and assets from the package."""
        package = files("enforcer.dashboard")
        self.assets = {name: (package / "static" / name).read_bytes() for name in ASSETS}
        self._prefix = settings.prefix
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("enforcer.dashboard"),
            autoescape=True,
            finalize=_shown,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            ago=_ago,
            agreed=agreed,
            changed=changed,
            compact=compact,
            counted=counted,
            cut=cut,
            days=_days,
            in_days=in_days,
            inner=inner,
            iso=iso,
            listed=listed,
            number=number,
            short=short,
            signed=signed,
        )
        self._environment.globals.update(
            prefix=settings.prefix,
            version=__version__,
            is_demo=settings.is_demo,
            asset=self._asset,
            theme="",
            scope=(),
            written="",
            poll_seconds=settings.poll_seconds,
        )

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,  # noqa: ANN401 - what the template asks for
    ) -> Response:
        """Render a whole page."""
        text = self._environment.get_template(template).render(**values)
        return HTMLResponse(text, status_code=status, headers=dict(headers or {}))

    def _asset(self, name: str) -> str:
        # The digest in the URL busts the cache: assets are served as immutable.
        digest = sha256(self.assets[name]).hexdigest()[:12]
        return f"{self._prefix}/static/{name}?v={digest}"


def _shown(value: object) -> object:
    """Return what a template prints; texts from outside without invisible characters."""
    return visible(value) if type(value) is str else value


def cut(text: str, longest: int = LONGEST_TEXT) -> str:
    """Shorten a text in its middle, so that both ends stay."""
    if len(text) <= longest:
        return text
    end = min(_KEPT_END, longest // 3)
    return f"{text[: longest - end - 1]}…{text[-end:]}"


def number(value: float) -> str:
    """Return a number with thousands separators."""
    return f"{value:,.0f}"


def compact(value: float) -> str:
    """Return a number for a narrow column: up to 9,999 as it is, then 10k, 1.2M."""
    if abs(value) < _THOUSAND:
        return number(value)
    size, unit = next((size, unit) for size, unit in _UNITS if abs(value) >= size)
    return f"{value / size:.3g}{unit}"


def in_days(days: int) -> str:
    """Return in how many days something is, or how many days ago it was."""
    if days == 0:
        return "today"
    return f"in {counted(days, 'day')}" if days > 0 else f"{counted(-days, 'day')} ago"


def signed(change: Change) -> str:
    """Return by how much a count changed, with its sign."""
    difference = change.now - (change.before or 0)
    if change.before is None:
        return "new" if change.now else ""
    return f"{difference:+,}".replace("-", "\N{MINUS SIGN}") if difference else "level"


def changed(change: Change) -> str:
    """Return a change in percent against the period before, in words."""
    if change.percent is None:
        return "" if change.before is None else "none before"
    if change.direction == "level":
        return "level with the 7 days before"
    sign = "+" if change.percent > 0 else "\N{MINUS SIGN}"
    return f"{sign}{abs(change.percent):,.0f} % against the 7 days before"


def _ago(text: str, now: int) -> str:
    return ago(nanoseconds(datetime.fromisoformat(text)), now)


def _days(text: str, now: int) -> int:
    return (date.fromisoformat(text) - datetime.fromtimestamp(now // 10**9, UTC).date()).days
