"""Report of a whole store, as evidence for the steps of rules; None if nothing was recorded."""

from enforcer.report import Report, build
from enforcer.store import NothingRecordedError


def recorded(store: str) -> Report | None:
    """Return the report of a whole store; None if nothing was recorded yet.

    Raises:
        StoreError: if there is a store that can't be read.

    """
    try:
        return build(store)
    except NothingRecordedError:
        # A store that is not there is no mistake here: it is a fact about every rule.
        return None
