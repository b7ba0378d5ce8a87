"""Connections to ClickHouse by URL, and errors for people.

``clickhouses://USER:PASSWORD@HOST:8443/DATABASE`` is HTTPS, ``clickhouse://`` HTTP, and
``chdb:///FOLDER`` the engine inside this process. The options that a URL may have are
:data:`OPTIONS`.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from enforcer.distribution import install_command
from enforcer.store import StoreError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

OPTIONS: Final[dict[str, Callable[[str], object]]] = {
    "connect_timeout": lambda text: max(1, round(float(text))),
    "timeout": lambda text: max(1, round(float(text))),
    "verify": lambda text: text not in ("0", "false", "no"),
    "ca_cert": str,
    "interval": float,
}
"""Options in the query of a URL, and the parsers of their values; times are in whole seconds."""

_CONNECT_TIMEOUT = 5
_TIMEOUT = 30

METRIC_INTERVAL: Final = 60.0
"""How often processes export metrics, in seconds, unless the URL says otherwise."""

_WRONG_PASSWORD = ("Code: 516", "Code: 193", "Code: 192", "status 401", "status 403")
_FORBIDDEN = ("Code: 497", "Code: 164")
_NO_DATABASE = "Code: 81"


@dataclass(frozen=True, slots=True)
class Address:
    """Parsed address of a ClickHouse database.

    Attributes:
        scheme: ``clickhouse``, ``clickhouses`` or ``chdb``.
        host: its host, or empty for the embedded engine.
        port: its port.
        user: the user, or empty for the server's default.
        password: the user's, or empty.
        database: the database with the collector's tables; for the embedded engine the folder.
        options: the values of the :data:`OPTIONS` in the URL.

    """

    scheme: str
    host: str
    port: int
    user: str
    password: str
    database: str
    options: dict[str, Any]

    def __str__(self) -> str:
        """Return the address without the password."""
        if self.scheme == "chdb":
            return f"chdb://{self.database}"
        user = f"{self.user}@" if self.user else ""
        return f"{self.scheme}://{user}{self.host}:{self.port}/{self.database}"

    @property
    def interval(self) -> float:
        """How often processes export metrics, in seconds."""
        return float(self.options.get("interval", METRIC_INTERVAL))


def parse(url: str) -> Address:
    """Parse the address of a ClickHouse database.

    Raises:
        StoreError: if it is malformed.

    """
    scheme = url.partition("://")[0]
    try:
        parts = urlsplit(url)
        port = parts.port or (8443 if scheme == "clickhouses" else 8123)
        options = {
            key: OPTIONS[key](value)
            for key, value in parse_qsl(parts.query, strict_parsing=bool(parts.query))
        }
    except KeyError as error:
        known = ", ".join(OPTIONS)
        raise _wrong_address(scheme, f"there is no option {error}, only {known}") from None
    except ValueError as error:
        raise _wrong_address(scheme, str(error)) from None
    if scheme != "chdb" and not parts.hostname:
        raise _wrong_address(scheme, "it names no host")
    if scheme == "chdb" and not parts.path.strip("/"):
        raise _wrong_address(scheme, "it names no folder")
    return Address(
        scheme,
        parts.hostname or "",
        port,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        unquote(parts.path) if scheme == "chdb" else unquote(parts.path.strip("/")) or "default",
        options,
    )


def connect(address: Address) -> "Client":
    """Open a connection.

    Raises:
        StoreError: if clickhouse-connect is not installed, or there is no answer.

    """
    try:
        import clickhouse_connect  # an extra, and slow to import
        from clickhouse_connect.driver.exceptions import (  # the same
            ClickHouseError,
        )
    except ImportError:
        message = (
            f'"{address}" can\'t be read without clickhouse-connect. '
            f"Run: {install_command('clickhouse')} (clickhouse-not-installed)"
        )
        raise StoreError(message) from None
    # clickhouse-connect logs each failure as well; it is reported once, by the error raised here.
    logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
    try:
        return clickhouse_connect.get_client(**_arguments(address))
    except (ClickHouseError, OSError) as error:
        raise failure(address, error) from error
    except ImportError:
        message = (
            f'"{address}" is the embedded engine, which is not installed. '
            "Run: pip install chdb (clickhouse-not-installed)"
        )
        raise StoreError(message) from None


def _arguments(address: Address) -> dict[str, Any]:
    if address.scheme == "chdb":
        return {"dsn": f"chdb://{address.database}"}
    options = address.options
    arguments: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "username": address.user or "default",
        "password": address.password,
        "database": address.database,
        "secure": address.scheme == "clickhouses",
        "verify": options.get("verify", True),
        "connect_timeout": options.get("connect_timeout", _CONNECT_TIMEOUT),
        "send_receive_timeout": options.get("timeout", _TIMEOUT),
        # No retries, which would multiply the timeout while a person waits; and no session, in
        # which ClickHouse refuses concurrent queries.
        "query_retries": 0,
        "autogenerate_session_id": False,
    }
    if not arguments["verify"]:
        import urllib3  # clickhouse-connect's

        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # as was asked for
    if "ca_cert" in options:
        arguments["ca_cert"] = options["ca_cert"]
    return arguments


def ask(
    client: "Client", address: Address, query: str, values: dict[str, object] | None = None
) -> Sequence[Sequence[Any]]:
    """Return the rows of a query's answer.

    Raises:
        StoreError: if the query fails.

    """
    from clickhouse_connect.driver.exceptions import (  # an extra
        ClickHouseError,
    )

    try:
        return client.query(query, parameters=values).result_rows
    except (ClickHouseError, OSError) as error:
        raise failure(address, error) from error


def failure(address: Address, error: Exception) -> StoreError:
    """Return the error for people: what went wrong, and what to do."""
    text = str(error)
    if any(code in text for code in _WRONG_PASSWORD):
        message = (
            f'"{address}" refuses the user or the password. '
            "Check both in ENFORCER_STORE (clickhouse-refused)"
        )
    elif any(code in text for code in _FORBIDDEN):
        message = (
            f'"{address}" does not let this user do that: {_short(text)}. Reading needs SELECT '
            'on the database; only "enforcer store init" needs more (clickhouse-forbidden)'
        )
    elif _NO_DATABASE in text:
        message = (
            f'"{address}": there is no such database. Name the one that the collector writes '
            "to, at the end of the URL (no-telemetry)"
        )
    elif "Code: " in text:
        message = f'"{address}" could not answer: {_short(text)} (clickhouse-failed)'
    else:
        message = (
            f'"{address}" can\'t be reached: {_reason(text)}. Check that it runs, and the host '
            "and the port in ENFORCER_STORE (clickhouse-unreachable)"
        )
    return StoreError(message)


def _reason(text: str) -> str:
    # urllib3 wraps the system's message into a description of the request.
    said = _SYSTEM_ERROR.search(text)
    return said[1].strip() if said else _short(text)


_SYSTEM_ERROR = re.compile(r"\[Errno -?\d+\] ([^\"')]+)")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


_LONGEST = 300


def _wrong_address(scheme: str, reason: str) -> StoreError:
    # The URL may have a password in it, so it is not shown.
    example = "chdb:///folder" if scheme == "chdb" else f"{scheme}://user:password@host/database"
    return StoreError(
        f'the address "{scheme}://…" of the store is wrong: {reason}. '
        f"Write {example} (unknown-store)"
    )
