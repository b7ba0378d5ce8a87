"""Command ``enforcer dashboard``: serve the dashboard, or its demonstration."""

import os
import secrets
import signal
import sys
import tempfile
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import click

from enforcer.cli.options import choose_map, load_lenient
from enforcer.distribution import install_command
from enforcer.errors import EnforcerError
from enforcer.rules.loader import STORE_KEY, load_map
from enforcer.rules.location import find_map
from enforcer.rules.model import MigrationMap
from enforcer.startup import MAP_KEY

if TYPE_CHECKING:
    from enforcer.dashboard.settings import Settings

TOKEN_KEY: Final = "ENFORCER_DASHBOARD_TOKEN"  # noqa: S105 - the name of a variable
"""The environment variable for the token: a command line is visible to other users."""

PORT: Final = 8765

_NEEDED: Final = ("jinja2", "starlette", "uvicorn")


@click.command()
@click.option("--map", "map_file", metavar="FILE", help="The map: its store, source and owners.")
@click.option("--store", metavar="STORE", help="The store to show: a file, or an address.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="At which port; 0 takes a free one.",
)
@click.option(
    "--token",
    metavar="TOKEN",
    help=f"What visitors have to bring; {TOKEN_KEY} names it where others can't see it, and "
    "“new” makes one.",
)
@click.option(
    "--tokens",
    "tokens_file",
    metavar="FILE",
    help="A file of further tokens that show some services only: TOKEN SERVICE, SERVICE.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A name that visitors may ask for, besides addresses and this machine's; repeatable.",
)
@click.option(
    "--sso-proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="The address of a proxy that signs visitors in, and needs no token; repeatable.",
)
@click.option(
    "--sso-header",
    "user_header",
    default="",
    metavar="NAME",
    help="The header in which that proxy names the visitor, such as X-Forwarded-User.",
)
@click.option(
    "--sso-services",
    "services_header",
    default="",
    metavar="NAME",
    help="The header in which it names the services that the visitor may read, with commas.",
)
@click.option("--prefix", default="", metavar="PATH", help="The path that a proxy publishes it at.")
@click.option("--open", "is_open", is_flag=True, help="Open a browser.")
@click.option("--demo", "is_demo", is_flag=True, help="Show an invented history of six months.")
def dashboard(  # noqa: PLR0913 - one parameter for each option
    *,
    map_file: str | None,
    store: str | None,
    host: str,
    port: int,
    token: str | None,
    tokens_file: str | None,
    hosts: tuple[str, ...],
    proxies: tuple[str, ...],
    user_header: str,
    services_header: str,
    prefix: str,
    is_open: bool,
    is_demo: bool,
) -> None:
    """Show deprecated usage in a browser.

    Without --host only this machine can look, and everybody on it. Any other address needs a
    token. The store is only read; programs go on writing meanwhile, and open pages follow.

    \b
    Examples:
      enforcer dashboard --open
      enforcer dashboard --demo --open
      enforcer dashboard --store /srv/shop/.enforcer/uses.db --port 0
      enforcer dashboard --host 0.0.0.0 --token new --allow-host build.example
      enforcer dashboard --host 10.0.0.7 --tokens /etc/enforcer/tokens
      enforcer dashboard --host 10.0.0.7 --sso-proxy 10.0.0.2 --sso-header X-Forwarded-User
    """  # noqa: D301 - \b tells click to keep the lines
    require_extra()
    from enforcer.dashboard.scopes import read_scopes  # noqa: PLC0415 - after the check
    from enforcer.dashboard.server import is_loopback  # noqa: PLC0415 - the same
    from enforcer.dashboard.settings import Settings  # noqa: PLC0415 - the same

    secret = token or os.environ.get(TOKEN_KEY, "")
    if secret == "new":  # noqa: S105 - what to write for a new one
        secret = secrets.token_urlsafe(24)
    require_proxies(proxies, user_header, services_header)
    scopes = read_scopes(tokens_file) if tokens_file else {}
    if not (secret or scopes or user_header) and not is_loopback(host):
        message = (
            f'others can reach "{host}", and would see your code: write --token new for a token, '
            f"or put one into {TOKEN_KEY} (dashboard-token)"
        )
        raise EnforcerError(message)
    # SIGTERM raises KeyboardInterrupt too, so that a demonstration deletes its folder.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _shown(map_file, store, is_demo=is_demo) as (shown_store, migration_map):
        settings = Settings(
            store=shown_store,
            migration_map=migration_map,
            prefix=_path(prefix),
            token=secret,
            scopes=scopes,
            proxies=frozenset(proxies),
            user_header=user_header,
            services_header=services_header,
            hosts=frozenset((*hosts, host)),
            is_demo=is_demo,
        )
        _serve(settings, host, port, is_open=is_open)


def require_extra() -> None:
    """Raise an error if a package that the dashboard needs is missing.

    Raises:
        EnforcerError: if so.

    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        message = (
            f'the dashboard needs the package "{missing[0]}", which is not installed here. '
            f"Write: {install_command('dashboard')} (dashboard-extra)"
        )
        raise EnforcerError(message)


def require_proxies(proxies: tuple[str, ...], user_header: str, services_header: str = "") -> None:
    """Raise an error unless the headers of a single sign-on and its proxies come together.

    Raises:
        EnforcerError: if one is missing, or a proxy is no address.

    """
    if services_header and not user_header:
        message = (
            "--sso-services goes with --sso-header and --sso-proxy: who names the visitor names "
            "what the visitor may read (dashboard-sso)"
        )
        raise EnforcerError(message)
    if bool(proxies) != bool(user_header):
        message = (
            "--sso-proxy and --sso-header go together: which proxy may name a visitor, and in "
            "which header. Anybody can send a header (dashboard-sso)"
        )
        raise EnforcerError(message)
    for proxy in proxies:
        try:
            ip_address(proxy)
        except ValueError as error:
            message = (
                f'--sso-proxy: "{proxy}" is no address. Write the one that the proxy connects '
                "from, such as 10.0.0.2 (dashboard-sso)"
            )
            raise EnforcerError(message) from error


@contextmanager
def _shown(
    map_file: str | None, store: str | None, *, is_demo: bool
) -> Iterator[tuple[str, MigrationMap | None]]:
    """Yield the store and the map to show; a demonstration's are deleted afterwards."""
    if is_demo:
        with tempfile.TemporaryDirectory(prefix="enforcer-dashboard-") as folder:
            yield _invented(Path(folder))
        return
    chosen = store or (None if map_file else os.environ.get(STORE_KEY))
    found = map_file or os.environ.get(MAP_KEY) or find_map(os.curdir)
    if chosen and not found:
        yield chosen, None
        return
    migration_map = load_lenient(choose_map(map_file))
    yield chosen or migration_map.store, migration_map


def _invented(folder: Path) -> tuple[str, MigrationMap]:
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import Progress  # noqa: PLC0415 - the same

    from enforcer.dashboard.demo.history import DAYS, invent  # noqa: PLC0415 - for the demo alone

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Inventing six months", total=DAYS)
        demo = invent(folder, time.time_ns(), lambda: progress.advance(task))
    return str(demo.store), load_map(str(demo.map_file), environ={})


def _serve(settings: "Settings", host: str, port: int, *, is_open: bool) -> None:
    from enforcer.dashboard.server import address_of, bind, serve  # noqa: PLC0415 - after the check

    listener = bind(host, port)
    address = address_of(listener, host, settings.prefix)
    if settings.token:
        address += f"?token={quote(settings.token, safe='')}"

    def say() -> None:
        click.echo(f"The dashboard is at {address}", err=True)
        click.echo("Ctrl-C ends it.", err=True)
        sys.stderr.flush()
        if is_open:
            webbrowser.open(address)

    serve(settings, listener, say)


def _path(prefix: str) -> str:
    path = prefix.strip("/")
    return f"/{path}" if path else ""
