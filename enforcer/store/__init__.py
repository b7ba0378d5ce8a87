"""Keep what was recorded, and give it back."""

from enforcer.errors import EnforcerError


class StoreError(EnforcerError):
    """Report that a store can't be read or written, and what to do."""
