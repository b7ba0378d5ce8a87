"""Know who is online: the module that is to replace ``presence_tracker``."""

_online: set[str] = set()


def mark_online(user: str) -> int:
    """Note that a user came online; give how many there are now."""
    _online.add(user)
    return len(_online)
