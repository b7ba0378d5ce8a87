"""Find the file that a process writes to, from what names its store.

A store is named by a path or by ``sqlite:///path``. ``ENFORCER_STORE`` may name a ClickHouse
instead: that is where reports look. Programs send telemetry to the collector in front of it,
and write the map's own file all the same, so that nothing is lost while there is no collector.
"""

READ_ONLY = ("clickhouse", "clickhouses", "chdb")
"""Schemes of stores that are only read."""

SQLITE = "sqlite"

KINDS = "a path, sqlite:///path, clickhouses://host/database or clickhouse://host/database"


def scheme_of(address: str) -> str:
    """Give the scheme of a URL; empty for a path."""
    scheme, mark, _ = address.partition("://")
    return scheme if mark and scheme.isidentifier() else ""


def path_of(address: str) -> str:
    """Give the path that names a SQLite store, or is in its URL."""
    if scheme_of(address) != SQLITE:
        return address
    return f"/{address.partition('://')[2].lstrip('/')}"


def is_known(address: str) -> bool:
    """Tell whether a store can have this address."""
    return scheme_of(address) in ("", SQLITE, *READ_ONLY)


def is_read_only(address: str) -> bool:
    """Tell whether a store is only read."""
    return scheme_of(address) in READ_ONLY
