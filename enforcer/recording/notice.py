"""Notices: facts about a process that the map's owner should know, apart from its uses."""

from enforcer.record import Record

BLIND = "blind"
BLIND_KINDS = (BLIND, "left-out")
"""The kinds of notices that mean that uses of a process may be missing."""


class Notice(Record):
    """One fact about one path.

    Attributes:
        kind: ``late`` (imported before the enforcer was enabled), ``implementation`` (the
            canonical module is built on it), ``fallback`` (a name was served by the legacy
            code), ``missing`` (the canonical module does not exist), ``gone`` (an observed
            path has no code of its own any more), ``baseline`` (it can't be read), ``empty``
            (the map has no rules), ``map`` (it is not that of the process that started this
            one), ``last`` (its file can't be read, and its last readable version is in force),
            ``left-out`` (a rule is not in force because of a mistake), ``ignored`` (a part of the
            map or of the environment is not), ``blind`` (something can't be seen), ``fork`` (C
            code forked it, and uses may be lost) or ``dropped`` (telemetry lost something that
            the store has).
        subject: the path that it is about.
        text: one or two sentences.

    """

    kind: str
    subject: str
    text: str
