"""Resolve the address of a store to the file that a process writes, and list files beside it.

A store is named by a path or by ``sqlite:///path``. ``ENFORCER_STORE`` may name a ClickHouse
instead, which reports read. Programs send telemetry to the collector in front of it, and write the
map's own file all the same, so that nothing is lost while there is no collector.
"""

import os

from enforcer.rules.regular_files import is_trusted_name

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
    """Return the scheme of a URL; empty for a path."""
    scheme, mark, _ = address.strip().partition("://")
    return scheme if mark and scheme.isidentifier() else ""


def path_of(address: str) -> str:
    """Return the path of a SQLite store, which may be given as a URL."""
    if scheme_of(address) != SQLITE:
        return address
    return f"/{address.partition('://')[2].lstrip('/')}"


def file_of(address: str, folder: str = "") -> str:
    """Return the one spelling of a SQLite store's file that all its users share.

    Files beside a store (its log, losses, notes) are beside the file itself, as in SQLite, and not
    beside a link to it. A link that another user may have put there is not followed, so that
    opening the store refuses it.

    Args:
        address: a path, or its URL.
        folder: the folder of a relative path; the working directory if empty.

    """
    file = os.path.join(folder, path_of(address.strip()))
    is_planted = os.path.islink(file) and not is_trusted_name(file)
    return os.path.abspath(file) if is_planted else os.path.realpath(file)


def is_there(file: str) -> bool:
    """Return whether a file exists; false for names that the system refuses."""
    return os.path.exists(file)


def is_known(address: str) -> bool:
    """Return whether an address is one that a store can have."""
    scheme = scheme_of(address)
    if scheme == SQLITE:
        # After two slashes a URL has a host: "sqlite://folder/uses.db" has no absolute path.
        return address.strip().startswith(f"{SQLITE}:///")
    return scheme in ("", *READ_ONLY)


def unknown(address: str) -> str:
    """Describe what is wrong with an address, without showing a password in it."""
    scheme = scheme_of(address)
    if scheme == SQLITE:
        return "a path after sqlite:// is absolute, with a third slash."
    return f'there is no kind of store "{scheme}".'


def is_read_only(address: str) -> bool:
    """Return whether a store is only read."""
    return scheme_of(address) in READ_ONLY


def file_identity(file: str) -> "Identity":
    """Return the device and inode of a file; None if it does not exist."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def names_beside(store: str, mark: str) -> "list[str]":
    """Return the names of the files beside a store that begin with its own and a mark.

    At most :data:`MOST_BESIDE`, because another user may have created any number of them.
    """
    folder, name = os.path.split(store)
    try:
        names = os.listdir(folder or os.curdir)
    except OSError:
        return []
    return [each for each in names if each.startswith(name + mark)][:MOST_BESIDE]


def remove(file: str) -> None:
    """Remove a file; ignore errors, such as that it was removed already."""
    try:
        os.unlink(file)
    except OSError:
        return
