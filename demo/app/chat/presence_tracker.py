"""Know who is online, the old way. It is still in use, and only being watched."""

_seen: list[str] = []


def mark_online(user: str) -> int:
    """Note that a user came online; give how many were seen so far."""
    if user not in _seen:
        _seen.append(user)
    return len(_seen)
