"""The user and the request that something is done for."""

from dataclasses import dataclass, field
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class UserContext:
    """A user, and the request in which they are served.

    Attributes:
        user_id: the user's id.
        request_id: the request's id; a user has many requests.

    """

    user_id: str
    request_id: str = field(default_factory=lambda: uuid4().hex)
