"""Open a store to read it, by its address, whatever engine keeps it.

``/path/uses.db`` or ``sqlite:///path/uses.db`` is a file; ``clickhouse://host``,
``clickhouses://host`` (TLS) and ``chdb:///path`` are ClickHouse.
"""

from enforcer.store.addresses import is_clickhouse, local_path
from enforcer.store.queries import StoreReader


def open_reader(address: str) -> StoreReader:
    """Open a store that is there; never make or change one.

    Args:
        address: a path, or a URL.

    Raises:
        StoreError: if there is none, or it can't be read.

    """
    if is_clickhouse(address):
        from enforcer.store.clickhouse.reading import ClickHouseReader  # noqa: PLC0415 - an extra

        return ClickHouseReader(address)
    from enforcer.store.reading import Reader  # noqa: PLC0415 - one engine is enough

    return Reader(local_path(address))
