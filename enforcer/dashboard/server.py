"""The web server: bind to an address, serve until Ctrl-C or SIGTERM."""

import gc
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

import uvicorn

from enforcer.dashboard.app import create_dashboard
from enforcer.dashboard.connections import PunctualProtocol
from enforcer.dashboard.settings import Settings
from enforcer.errors import EnforcerError

_GRACE_SECONDS: Final = 2


def is_loopback(host: str) -> bool:
    """Return whether a host's name or address is reachable from this machine only."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def bind(host: str, port: int) -> socket.socket:
    """Bind to an address; port 0 chooses a free one.

    Raises:
        EnforcerError: if the address is not available.

    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            # A restart need not wait until the last connections have left the state TIME_WAIT.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        message = (
            f"the dashboard can't listen at {host}:{port}: {error.strerror or error}. "
            "Name another --port, or 0 for one that is free (address-taken)"
        )
        raise EnforcerError(message) from error
    return listener


def address_of(listener: socket.socket, host: str, prefix: str = "") -> str:
    """Return the URL that a browser on this machine opens."""
    name = host.strip("[]")
    if name in ("0.0.0.0", "::"):  # noqa: S104 - only compared
        name = "127.0.0.1"
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{listener.getsockname()[1]}{prefix}/"


def serve(settings: Settings, listener: socket.socket, on_start: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        settings: what to show, and to whom.
        listener: the bound socket.
        on_start: called once requests are accepted.

    """
    dashboard = create_dashboard(settings)
    config = uvicorn.Config(
        dashboard.app,
        http=PunctualProtocol,
        ws="none",
        log_level="warning",
        access_log=False,  # a URL may contain the token
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, on_start)
    # A page creates and drops some ten thousand records, few of them in cycles: frequent
    # collections would only cost time. Freezing what was loaded at start keeps it out of each of
    # them.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    dashboard.live.is_ending = lambda: server.should_exit
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        # uvicorn ends in order at SIGINT, and raises the signal again afterwards.
        return
    finally:
        listener.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()
