"""Say on whose behalf something is done."""

from dataclasses import dataclass, field
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class UserContext:
    """Name a user, and the request in which they are served.

    Attributes:
        user_id: who it is.
        request_id: which request; a user has many.

    """

    user_id: str
    request_id: str = field(default_factory=lambda: uuid4().hex)
