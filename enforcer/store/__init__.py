"""Keep what was recorded, and give it back."""

from enforcer.errors import EnforcerError


class StoreError(EnforcerError):
    """Report that a store can't be read or written, and what to do.

    Attributes:
        path: the store beside which it may be noted that uses were lost, or empty.

    """

    def __init__(self, message: str, *, path: str = "") -> None:
        """Take the message, and the store if it is one."""
        super().__init__(message)
        self.path = path


class ReplacedError(StoreError):
    """Report that another file took the place of the store: what was written is not in it."""
