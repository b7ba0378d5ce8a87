"""Say what the map's owner should know of a process, besides its uses."""

BLIND = "blind"
BLIND_KINDS = (BLIND, "left-out")
"""The kinds of notices that say of a process: uses may be missing."""


class Notice:
    """Tell one thing about one path.

    Attributes:
        kind: ``late`` (imported before the enforcer was enabled), ``implementation`` (the
            canonical module is built on it), ``fallback`` (a name was served by the legacy
            code), ``missing`` (the canonical module does not exist), ``gone`` (an observed
            path has no code of its own any more), ``baseline`` (it can't be read), ``empty``
            (the map has no rules), ``map`` (it is not that of the process that started this
            one), ``last`` (its file can't be read, and what it said last is in force),
            ``left-out`` (a rule is not in force because of a mistake), ``ignored`` (so is a
            part of the map or of the environment), ``blind`` (something can't be seen),
            ``fork`` (C code forked it, and uses may be lost) or ``dropped`` (telemetry lost
            something that the store has).
        subject: the path that it is about.
        text: one sentence or two.

    """

    __slots__ = ("kind", "subject", "text")

    def __init__(self, kind: str, subject: str, text: str) -> None:
        """Take the fields as they are."""
        self.kind = kind
        self.subject = subject
        self.text = text
