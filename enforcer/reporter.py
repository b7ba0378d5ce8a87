"""Write what was recorded to a store every few seconds, from a thread of its own.

When that is, ``enforcer.schedule`` decides; what is written, and what becomes of it if that
fails, is up to ``enforcer.store.delivery``, which the thread loads with its first write.
"""

from enforcer.schedule import INTERVAL, Schedule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from enforcer.recording.notice import Notice
    from enforcer.recording.process import Process
    from enforcer.rules.model import Rule
    from enforcer.store.delivery import Collector, Delivery, OpenStore
    from enforcer.store.waiting import Patience


class Reporter(Schedule):
    """Take the differences from a recorder and hand them to a store."""

    def __init__(  # noqa: PLR0913 - what it takes from, what it gives to
        self,
        recorder: "Collector",
        process: "Process",
        open_store: "Callable[[Patience], OpenStore]",
        rules: "Iterable[Rule]" = (),
        interval: float = INTERVAL,
        *,
        notices: "Callable[[], Sequence[Notice]]" = tuple,
    ) -> None:
        """Prepare; nothing runs before :meth:`start`.

        Args:
            recorder: what to collect from.
            process: what to report as.
            open_store: opens the store for one visit; called in the reporter's thread.
            rules: the rules that are watched; the store learns them with the first write.
            interval: how often to write, in seconds.
            notices: gives all that this process has to say so far; called before each write.

        """
        super().__init__(process, interval)
        self._recorder = recorder
        self._open_store = open_store
        self._rules = rules
        self._notices = notices

    def _make_delivery(self) -> "Delivery":
        from enforcer.store.delivery import Delivery

        return Delivery(
            self.process,
            self._rules,
            self._interval,
            collector=self._recorder,
            notices=self._notices,
            open_store=self._open_store,
            brief_until=self._brief_until,
        )
