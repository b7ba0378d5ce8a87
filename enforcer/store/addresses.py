"""Tell the addresses of stores apart."""

from enforcer.store import StoreError

CLICKHOUSE = ("clickhouse", "clickhouses", "chdb")
SQLITE = "sqlite"


def is_clickhouse(address: str) -> bool:
    """Tell whether an address is one of a ClickHouse."""
    scheme, mark, _ = address.partition("://")
    return bool(mark) and scheme in CLICKHOUSE


def local_path(address: str) -> str:
    """Give the path of a SQLite store.

    Raises:
        StoreError: if the address is a URL of something else.

    """
    scheme, mark, path = address.partition("://")
    if not mark:
        return address
    if scheme != SQLITE:
        message = (
            f'there is no kind of store "{scheme}". Write a path, sqlite:///path, '
            "clickhouses://host/database, clickhouse://host/database or chdb:///folder "
            "(unknown-store)"
        )
        raise StoreError(message)
    return f"/{path.lstrip('/')}"
