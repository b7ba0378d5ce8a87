"""The file that limits tokens to services: one token a line, and what it shows.

::

    # Made by: python -c "import secrets; print(secrets.token_urlsafe(24))"
    eQ0bN1yTnL5mY8rVgW2xKsd7 shop, shop-worker
"""

import os
from pathlib import Path
from stat import S_IRWXG, S_IRWXO

from enforcer.errors import EnforcerError
from enforcer.rules.regular_files import read_regular

SHORTEST = 16
"""The least number of characters of a token: shorter ones can be guessed."""


def read_scopes(path: str) -> dict[str, frozenset[str]]:
    """Return the tokens of a file, and the services that each may read.

    Args:
        path: the file; nobody but its owner may read it.

    Raises:
        EnforcerError: if it can't be read, others can read it, or a line has a mistake.

    """
    try:
        mode = Path(path).stat().st_mode
        text = read_regular(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "") or "it is not text in UTF-8"
        message = f'--tokens: "{path}" can\'t be read: {reason} (dashboard-tokens)'
        raise EnforcerError(message) from error
    if os.name == "posix" and mode & (S_IRWXG | S_IRWXO):
        message = (
            f'--tokens: others can read "{path}", and everything with it. '
            f"Write: chmod 600 {path} (dashboard-tokens)"
        )
        raise EnforcerError(message)
    scopes: dict[str, frozenset[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            token, services = _scope(line, f"{path}:{number}")
            if token in scopes:
                message = f"{path}:{number}: this token stands above too (dashboard-tokens)"
                raise EnforcerError(message)
            scopes[token] = services
    return scopes


def _scope(line: str, place: str) -> tuple[str, frozenset[str]]:
    token, *rest = line.split(maxsplit=1)
    services = frozenset(filter(None, (name.strip() for name in "".join(rest).split(","))))
    if len(token) < SHORTEST:
        mistake = f"a token of {len(token)} characters can be guessed: write {SHORTEST} or more"
    elif not services:
        # Never "no service means all": a forgotten word would open everything.
        mistake = "the token names no service. Write: TOKEN SERVICE, SERVICE"
    else:
        return token, services
    message = f"{place}: {mistake} (dashboard-tokens)"
    raise EnforcerError(message)
