"""Terms of a verdict that are tables of the map: jobs that run rarely, and accepted breaks."""

from enforcer.record import Record


class Job(Record):
    """A service whose processes run rarely: it is absent most of the time.

    Attributes:
        service: its name.
        every: after how many days it runs again, at the latest.
        line: the line in the map's file, from 1.

    """

    service: str
    every: int
    line: int = 0

    def __repr__(self) -> str:
        return f"<Job {self.service} every {self.every} days>"


class AcceptedBreak(Record):
    """A time in which a service was not watched, and the team accepts that.

    Attributes:
        service: its name.
        since: its first day, as ``YYYY-MM-DD``.
        till: its last day, as ``YYYY-MM-DD``.
        reason: why it is accepted, for people.
        line: the line in the map's file, from 1.

    """

    service: str
    since: str
    till: str
    reason: str
    line: int = 0

    def __repr__(self) -> str:
        return f"<Break of {self.service} from {self.since} till {self.till}>"
