"""Read numbers from environment variables.

A value that is no number is ignored, and :func:`enforcer.rules.loader.load_map` reports it: a
mistake in the environment must not stop a program.
"""

import os

INTERVAL_KEY = "ENFORCER_FLUSH_INTERVAL"
"""How often a process writes, in seconds."""

EXIT_TIMEOUT_KEY = "ENFORCER_EXIT_TIMEOUT"
"""How long an exit may take, in seconds."""

LIMIT_KEY = "ENFORCER_MAX_CALL_SITES"
"""How many call sites a process tells apart."""

DEBUG_KEY = "ENFORCER_DEBUG"
"""``1`` prints each decision of the import part to standard error; see ``imports.debug``."""

NUMBERS = (INTERVAL_KEY, EXIT_TIMEOUT_KEY, LIMIT_KEY)


def number(key: str, default: float) -> float:
    """Return the number in a variable; the default if it has none."""
    text = os.environ.get(key, "").strip()
    return float(text) if text and is_number(text) else default


def is_number(text: str) -> bool:
    """Return whether a text is a number; callers apply limits of their own."""
    try:
        float(text)
    except ValueError:
        return False
    return True
