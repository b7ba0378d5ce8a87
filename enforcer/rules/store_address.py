"""Find the file that a process writes to, from what names its store, and what lies beside it.

A store is named by a path or by ``sqlite:///path``. ``ENFORCER_STORE`` may name a ClickHouse
instead: that is where reports look. Programs send telemetry to the collector in front of it,
and write the map's own file all the same, so that nothing is lost while there is no collector.
"""

import os

from enforcer.rules.regular import is_trusted_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    Identity = tuple[int, int] | None

READ_ONLY = ("clickhouse", "clickhouses", "chdb")
"""Schemes of stores that are only read."""

SQLITE = "sqlite"

MOST_BESIDE = 10_000
"""How many files of one kind are looked at beside a store."""

KINDS = "a path, sqlite:///path, clickhouses://host/database or clickhouse://host/database"


def scheme_of(address: str) -> str:
    """Give the scheme of a URL; empty for a path."""
    scheme, mark, _ = address.strip().partition("://")
    return scheme if mark and scheme.isidentifier() else ""


def path_of(address: str) -> str:
    """Give the path that names a SQLite store, or is in its URL."""
    if scheme_of(address) != SQLITE:
        return address
    return f"/{address.partition('://')[2].lstrip('/')}"


def file_of(address: str, folder: str = "") -> str:
    """Return the one spelling of a SQLite store's file that all who use it share.

    What lies beside a store (its log, losses, notes) lies beside the file itself, as SQLite has
    it, and not beside a link to it. A link that a stranger may have put there keeps its name:
    whoever opens the store refuses it by that.

    Args:
        address: a path, or its URL.
        folder: what a relative path is relative to; the working directory if empty.

    """
    file = os.path.join(folder, path_of(address.strip()))
    is_planted = os.path.islink(file) and not is_trusted_name(file)
    return os.path.abspath(file) if is_planted else os.path.realpath(file)


def is_there(file: str) -> bool:
    """Return whether there is a file; none has a name that the system refuses."""
    return os.path.exists(file)


def is_known(address: str) -> bool:
    """Tell whether a store can have this address."""
    scheme = scheme_of(address)
    if scheme == SQLITE:
        # After two slashes comes a host: "sqlite://folder/uses.db" means no folder from the root.
        return address.strip().startswith(f"{SQLITE}:///")
    return scheme in ("", *READ_ONLY)


def unknown(address: str) -> str:
    """Say what is wrong with an address that no store can have, without a password in it."""
    scheme = scheme_of(address)
    if scheme == SQLITE:
        return "a path after sqlite:// is absolute, with a third slash."
    return f'there is no kind of store "{scheme}".'


def is_read_only(address: str) -> bool:
    """Tell whether a store is only read."""
    return scheme_of(address) in READ_ONLY


def file_identity(file: str) -> "Identity":
    """Return what tells files of one name apart; None if there is none."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def names_beside(store: str, mark: str) -> "list[str]":
    """Return the names of the files beside a store that begin with its own and a mark.

    There are at most :data:`MOST_BESIDE`: a stranger may have made any number of them.
    """
    folder, name = os.path.split(store)
    try:
        names = os.listdir(folder or os.curdir)
    except OSError:
        return []
    return [each for each in names if each.startswith(name + mark)][:MOST_BESIDE]


def remove(file: str) -> None:
    """Remove a file that somebody else may have removed, or that nobody can."""
    try:
        os.unlink(file)
    except OSError:
        return
