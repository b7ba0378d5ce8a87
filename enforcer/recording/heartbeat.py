"""Decide how often a process says that it still watches, and when it must be gone."""

INTERVAL = 5.0
"""How often a process writes what is new, in seconds, unless told otherwise."""

RARELY = 60.0
"""How often a process writes if there is nothing new, in seconds, at most."""

CLOCKS_DIFFER = 86_400_000_000_000
"""How far ahead of a reader's the clock of a process may be, in nanoseconds: a day.

One that is further ahead was wrong: how long ago the process wrote is not known, and it must not
count as running until that day comes.
"""

_INTERVALS = 12


def heartbeat(interval: float) -> float:
    """Give after how many seconds without a write a process writes that it is there."""
    return max(min(_INTERVALS * interval, RARELY), interval)


def longest_silence(interval: float) -> float:
    """Give after how many seconds without a write something was wrong.

    One heartbeat may fail, because others have the store locked.
    """
    return 2 * (heartbeat(interval) + interval)
