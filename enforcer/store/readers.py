"""Open a store to read it, by its address, whatever engine keeps it.

``/path/uses.db`` or ``sqlite:///path/uses.db`` is a file; ``clickhouse://host``,
``clickhouses://host`` (TLS) and ``chdb:///path`` are ClickHouse.
"""

from enforcer.rules.store_address import KINDS, file_of, is_known, is_read_only, unknown
from enforcer.store import StoreError
from enforcer.store.queries import StoreReader


def open_reader(address: str) -> StoreReader:
    """Open a store that is there; never make or change one.

    Args:
        address: a path, or a URL.

    Raises:
        StoreError: if there is none, or it can't be read.

    """
    check_address(address)
    if is_read_only(address):
        from enforcer.store.clickhouse.reading import ClickHouseReader  # noqa: PLC0415 - an extra

        return ClickHouseReader(address)
    from enforcer.store.reading import Reader  # noqa: PLC0415 - one engine is enough

    return Reader(file_of(address))


def check_address(address: str) -> None:
    """See to it that there is such a kind of store.

    Raises:
        StoreError: if there is not.

    """
    if not is_known(address):
        message = f"{unknown(address)} Write {KINDS} (unknown-store)"
        raise StoreError(message)
