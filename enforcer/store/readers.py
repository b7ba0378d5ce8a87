"""Open a store for reading by its address, in SQLite or ClickHouse.

``/path/uses.db`` or ``sqlite:///path/uses.db`` is a file; ``clickhouse://host``,
``clickhouses://host`` (TLS) and ``chdb:///path`` are ClickHouse.
"""

from enforcer.rules.store_address import KINDS, file_of, is_known, is_read_only, unknown
from enforcer.store import StoreError
from enforcer.store.queries import StoreReader


def open_reader(address: str) -> StoreReader:
    """Open an existing store; never create or change one.

    Args:
        address: a path, or a URL.

    Raises:
        StoreError: if there is none, or it can't be read.

    """
    check_address(address)
    if is_read_only(address):
        from enforcer.store.clickhouse.reader import ClickHouseReader  # an extra

        return ClickHouseReader(address)
    from enforcer.store.sqlite.reader import Reader  # one engine is enough

    return Reader(file_of(address))


def check_address(address: str) -> None:
    """Raise an error if the address names an unknown kind of store.

    Raises:
        StoreError: if it does.

    """
    if not is_known(address):
        message = f"{unknown(address)} Write {KINDS} (unknown-store)"
        raise StoreError(message)
