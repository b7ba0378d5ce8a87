"""Send requests where the environment says, and keep those that could not be sent.

A collector that does not answer is left alone for a while, longer each time up to a minute.
Each time that it is asked in vain, what was ready goes to the spool. Once one answers, what
waits is sent, the oldest first, that of other processes too. What a collector refuses waits as
well: whatever listens there may not be the collector that was meant.
"""

from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from enforcer.store.waiting import Patience
from enforcer.telemetry.encoding import rejected
from enforcer.telemetry.sending import SendingError, post
from enforcer.telemetry.settings import GRPC

if TYPE_CHECKING:
    from enforcer.telemetry.settings import Settings, Target
    from enforcer.telemetry.spool import Spool, Waiting

FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 60.0
"""How long to leave a collector alone that does not answer, in seconds."""

OVERFLOW: Final = "spool_overflow"
NOT_KEPT: Final = "not_kept"
REJECTED: Final = "rejected"
"""Why records were dropped, besides what a collector answered."""


class _Rest:
    """Leave one collector alone for a while, longer each time."""

    __slots__ = ("_pause", "_until")

    def __init__(self) -> None:
        self.end()

    def end(self) -> None:
        self._pause = FIRST_PAUSE
        self._until = 0.0

    def begin(self, asked_for: float) -> None:
        self._until = monotonic() + max(self._pause, min(asked_for, LONGEST_PAUSE))
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def lasts(self) -> bool:
        return monotonic() < self._until


class Outbox:
    """Hold what leaves this process.

    Attributes:
        dropped: how many records were lost, by why.
        last_error: why the last request was not sent, or None if it was.

    """

    def __init__(self, settings: "Settings", spool: "Spool", process: str) -> None:
        """Take the parts; nothing is sent.

        Args:
            settings: where each signal goes.
            spool: where requests wait.
            process: the ``id`` of this process.

        """
        self.dropped: dict[str, int] = {}
        self.last_error: SendingError | None = None
        self._settings = settings
        self._spool = spool
        self._process = process
        self._rests: dict[str, _Rest] = {}
        self._has_looked = False

    def rests(self, signal: str) -> bool:
        """Tell whether the collector of a signal is left alone for now."""
        target = self._settings.target(signal)
        return target is not None and self._rest(target).lasts()

    def put(self, signal: str, data: bytes, records: int, patience: Patience) -> None:
        """Send a request, or keep it; it is in good hands or counted as dropped afterwards.

        Args:
            signal: what it is.
            data: the request.
            records: how many records are in it.
            patience: how long the program can wait.

        """
        target = self._settings.target(signal)
        if target is None or self._rest(target).lasts() or not patience.lasts():
            self._keep(signal, data, records)
            return
        try:
            self._send(target, data, records, patience)
        except SendingError:
            self._keep(signal, data, records)

    def send_one(self, waiting: "Waiting", patience: Patience) -> None:
        """Send a request that waits; one that another process is sending is left to it.

        Raises:
            SendingError: if it could not be sent, and waits on.

        """
        target = self._settings.target(waiting.signal)
        if target is None or self._rest(target).lasts() or not patience.lasts():
            return
        claim = self._spool.claim(waiting)
        if claim is None:
            return
        try:
            self._send(target, claim.read(), waiting.records, patience)
            claim.remove()
        finally:
            claim.release()

    def send_waiting(self, patience: Patience) -> None:
        """Send what waits, of this process and others, as long as a collector answers."""
        if self._has_looked or not patience.lasts():
            return
        self._has_looked = True
        for waiting in self._spool.waiting():
            with suppress(SendingError):
                self.send_one(waiting, patience)
        if not patience.lasts() or any(rest.lasts() for rest in self._rests.values()):
            self._has_looked = False

    def _send(self, target: "Target", data: bytes, records: int, patience: Patience) -> None:
        rest = self._rest(target)
        try:
            answer = _call(target, data, patience.within(target.timeout))
        except SendingError as error:
            self.last_error = error
            # Neither one that was cut short because the program forks, nor one that the
            # collector does not understand, says anything of others.
            if not (error.is_final or patience.is_needed()):
                rest.begin(error.pause)
            raise
        self.last_error = None
        rest.end()
        lost = min(rejected(target.signal, answer), records)
        if lost:
            self._drop(REJECTED, lost)

    def _rest(self, target: "Target") -> _Rest:
        return self._rests.setdefault(urlsplit(target.endpoint).netloc, _Rest())

    def _keep(self, signal: str, data: bytes, records: int) -> None:
        self._has_looked = False
        before = self._spool.overflowed
        if not self._spool.keep(signal, data, process=self._process, records=records):
            self._drop(NOT_KEPT, records)
        if self._spool.overflowed > before:
            self._drop(OVERFLOW, self._spool.overflowed - before)

    def _drop(self, kind: str, records: int) -> None:
        self.dropped[kind] = self.dropped.get(kind, 0) + records


def _call(target: "Target", data: bytes, patience: Patience) -> bytes:
    if target.protocol != GRPC:
        return post(target, data, patience)
    from enforcer.telemetry.sending_grpc import call  # noqa: PLC0415 - only who asks for it

    return call(target, data, patience)
