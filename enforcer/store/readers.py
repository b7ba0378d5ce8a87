"""Open a store to read it, by its address, whatever engine keeps it.

``/path/uses.db`` or ``sqlite:///path/uses.db`` is a file; ``clickhouse://host``,
``clickhouses://host`` (TLS) and ``chdb:///path`` are ClickHouse.
"""

from enforcer.store.queries import StoreReader
from enforcer.store.reading import Reader


def open_reader(address: str) -> StoreReader:
    """Open a store that is there; never make or change one.

    Args:
        address: a path, or a URL.

    Raises:
        StoreError: if there is none, or it can't be read.

    """
    return Reader(address.removeprefix("sqlite://"))
