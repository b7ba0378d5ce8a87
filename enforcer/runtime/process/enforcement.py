"""The state of an enabled process: map, finder, watch, recorder and reporters."""

import sys
from time import monotonic

from enforcer.rules.environment import DEBUG_KEY, trusted_environment
from enforcer.runtime.imports.finder import Finder
from enforcer.runtime.own_modules import load_now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from contextvars import Context

    from enforcer.recording.items import Item
    from enforcer.recording.notice import Notice
    from enforcer.recording.recorder import Recorder, Tally
    from enforcer.recording.safe_mode import SafeMode
    from enforcer.recording.use import CallSite, Use
    from enforcer.rules.model import MigrationMap
    from enforcer.runtime.imports.finder import Answering
    from enforcer.runtime.imports.plain_entries import PlainAnswers
    from enforcer.runtime.imports.watch import Watch
    from enforcer.runtime.process.schedule import Schedule
    from enforcer.runtime.telemetry.emitter import Emitter

LOOK_INTERVAL = 60.0
"""How often to check for changes by other code that hide imports, in seconds."""

MOST_ERRORS = 10
"""How many errors of the enforcer's own make a process go into safe mode."""


class Enforcement:
    """What is enabled in this process.

    The part that watches imports is loaded at the first import of a module that the map names.

    Attributes:
        map: the migration map in force.
        finder: the finder on ``sys.meta_path``.
        reporters: the schedules that report, each in a thread of its own: the one that writes
            counts to the store, then the one that emits telemetry. The first one leads.
        on_new_site: called by the recorder after each new call site.
        load_reporting: loads the modules that the reporting threads will need, if any. Called on
            the thread that imports the first module that can be used by a legacy path or name.
        context: returns the context that the recorder keeps with a new call site.
        item: returns the running test, to which uses without own code belong; None if no tests run.
        is_starting: whether it is being enabled just now.
        safe_mode: why this process only aliases; None if it watches.

    """

    __slots__ = (
        "_baseline",
        "_emitter",
        "_errors",
        "_failed",
        "_is_ended",
        "_look_at",
        "_notices",
        "_plain",
        "_recorder",
        "_watch",
        "context",
        "finder",
        "is_starting",
        "item",
        "load_reporting",
        "map",
        "on_new_site",
        "reporters",
        "safe_mode",
    )

    def __init__(
        self, migration_map: "MigrationMap", baseline: "Container[CallSite] | None" = None
    ) -> None:
        """Prepare; nothing outside is changed."""
        self.map = migration_map
        self.finder = Finder(migration_map.outline, self._answers, self._recover)
        self.reporters: tuple[Schedule, ...] = ()
        self.on_new_site: Callable[[], object] = int
        self.load_reporting: Callable[[], object] = int
        self.context: Callable[[], Context | None] = type(None)
        self.item: Callable[[], Item | None] | None = None
        self.safe_mode: SafeMode | None = None
        self._baseline = baseline
        self._errors = 0
        self._failed = False
        self.is_starting = False
        self._is_ended = False
        self._look_at = 0.0
        self._notices: dict[tuple[str, str], Notice] = {}
        # Filled by setdefault(), which is atomic: of threads that get there at once, the first
        # one's object stays. A lock would be held while modules are imported.
        self._recorder: dict[str, Recorder] = {}
        self._watch: dict[str, Watch | None] = {}
        self._emitter: dict[str, Emitter] = {}
        self._plain: dict[str, PlainAnswers] = {}

    @property
    def recorder(self) -> "Recorder":
        """The recorder, created at the first access."""
        recorder = self._recorder.get("")
        if recorder is None:
            from enforcer.recording.recorder import Recorder

            recorder = Recorder()
            recorder.on_new_site = self.on_new_site
            recorder.context = self.context
            recorder = self._recorder.setdefault("", recorder)
        return recorder

    @property
    def emitter(self) -> "Emitter | None":
        """The reporter that emits telemetry; None if nothing asked for it so far."""
        return self._emitter.get("")

    def take_emitter(self, emitter: "Emitter") -> "Emitter":
        """Set the emitter unless there is one; return the one that is set."""
        return self._emitter.setdefault("", emitter)

    @property
    def watch(self) -> "Watch | None":
        """The watch of imports; None before the map's first module is imported, and at the end."""
        return self._watch.get("")

    def begin(self, *, is_late: bool = False) -> "Watch | None":
        """Return the watch of imports; load it at the first call.

        No lock is held meanwhile: threads that get here at once all load the same modules, which
        the import system serialises, and all return the watch that was set first.

        Args:
            is_late: whether modules that the map names are loaded already.

        """
        from enforcer.baseline.tolerance import Tolerance
        from enforcer.recording.items import items_of_environment
        from enforcer.runtime.imports.watch import Watch

        load_now()
        tolerance = Tolerance(self.map, self._notices, self._baseline)
        watch = Watch(self.map, self.recorder, tolerance, self._notices)
        watch.uses.ownership.item = self.item or items_of_environment()
        watch.on_legacy = self._load_reporting
        watch.on_error = self.failed
        if trusted_environment().get(DEBUG_KEY, "").strip() not in ("", "0"):
            from enforcer.runtime.imports.debug import Debug

            watch.uses.explain = Debug(watch.uses.ownership).explain
        if self.map.factories or self.map.instances:
            from enforcer.runtime.delegation.delegation import Delegation

            load_now()
            watch.delegation = Delegation(self.map, watch)
        begun = self._watch.setdefault("", watch)
        if begun is watch:
            watch.install(is_late=is_late)
            if is_late:
                self._load_reporting()
        if self.safe_mode is not None and begun is not None:
            begun.calm()
        return begun

    def _load_reporting(self) -> None:
        load, self.load_reporting = self.load_reporting, int
        load()

    def tell(self, hear: "Callable[[], object]") -> None:
        """Set the function that is called at each new call site.

        Args:
            hear: called on the importing thread, so it must be cheap.

        """
        self.on_new_site = hear
        for recorder in self._recorder.values():
            recorder.on_new_site = hear

    def attribute(self, item: "Callable[[], Item | None]") -> None:
        """Attribute uses without a frame of own code to the running test.

        Args:
            item: returns it, or None if none runs.

        """
        self.item = item
        if self.watch is not None:
            self.watch.uses.ownership.item = item

    def keep_contexts(self, context: "Callable[[], Context | None]") -> None:
        """Keep a context with each new call site.

        Args:
            context: returns it, on the importing thread.

        """
        self.context = context
        for recorder in self._recorder.values():
            recorder.context = context

    def end(self) -> None:
        """Stop watching, for good."""
        self._is_ended = True
        self.finder.remove()
        watch = self._watch.setdefault("", None)
        if watch is not None:
            watch.remove()

    @property
    def is_unused(self) -> bool:
        """Whether nothing was recorded yet."""
        return all(recorder.is_empty for recorder in self._recorder.values())

    def collect(self) -> "tuple[list[Use], int]":
        """Return the uses since the last call, and how many were lost."""
        recorder = self._recorder.get("")
        return recorder.collect() if recorder is not None else ([], 0)

    def totals(self) -> "Iterable[tuple[Tally, int]]":
        """Return the tally of each call site, with its uses so far."""
        recorder = self._recorder.get("")
        return recorder.totals() if recorder is not None else ()

    def notices(self) -> "list[Notice]":
        """Return the notices for the map's owner, the newest last."""
        if self.safe_mode is not None:
            self.note(self.safe_mode.notice())
        return list(self._notices.values())

    def note(self, notice: "Notice") -> None:
        """Add a notice for the map's owner, once for each subject."""
        self._notices.setdefault((notice.kind, notice.subject), notice)

    def look_for_notices(self) -> "list[Notice]":
        """Return the notices, after checking for changes by other code that hide imports.

        Call it in a thread of the enforcer's: the check may take a moment.
        """
        now = monotonic()
        # While the program's thread is still enabling, the check would report that the finder, or
        # the watch of a module that is loaded already, is missing.
        is_enabled = not (self.is_starting or self._is_ended) and self.safe_mode is None
        if now >= self._look_at and is_enabled:
            self._look_at = now + LOOK_INTERVAL
            from enforcer.runtime.imports.interference import interference

            for notice in interference(self.map, self.finder, self.watch, self._notices):
                self.note(notice)
        return self.notices()

    def forget_after_unseen_fork(self) -> None:
        """Reset the counts in a child that C code forked, and note how many uses may be lost.

        Until the fork is noticed, the child counts uses at known call sites in the counters copied
        from the parent. How many of the uncollected uses are the child's is unknown: all count as
        lost.
        """
        lost = self._recorder[""].pending() if self._recorder else 0
        # The fork is noticed in the middle of an import that the gates on module locks have begun
        # to count, so they are not reset.
        self._forget_counts(lost)
        if lost:
            from enforcer.recording.notice import Notice

            text = (
                "This process was forked by C code, which ran none of Python's hooks. Up to "
                f"{lost} of its uses were made before that was noticed, and count as lost."
            )
            self._notices["fork", "enforcer"] = Notice("fork", "enforcer", text)

    def forget(self) -> None:
        """Reset the counts and the state of threads in a forked child."""
        self._forget_counts()
        if self.watch is not None:
            self.watch.forget_threads()

    def _forget_counts(self, lost: int = 0) -> None:
        self._look_at = 0.0
        if self.watch is not None:
            self.watch.forget_sites()
        if self._recorder:
            self.recorder.reset(lost)

    def calm(self, mode: "SafeMode") -> bool:
        """Only alias from now on; return whether that is news.

        Modules imported so far stay as they are, and counted uses can still be collected. It is
        fast, and may be called inside an import.
        """
        if self.safe_mode is not None:
            return False
        # Before safe_mode is set: a thread that reads it must not see uses counted afterwards.
        self._calm_watch()
        self.safe_mode = mode
        self._calm_watch()  # another thread may have created the watch meanwhile
        return True

    def _calm_watch(self) -> None:
        if self.watch is not None:
            self.watch.calm()

    def failed(self, error: Exception) -> None:
        """Count an error of the enforcer's own; go into safe mode after some."""
        if isinstance(error, (MemoryError, RecursionError)):
            return  # the program caused it, even if it was raised in the enforcer
        self._errors += 1
        if self._errors >= MOST_ERRORS:
            self._give_up(f"{MOST_ERRORS} errors of its own came up, the last one {error!r}")

    def _give_up(self, text: str, *, is_said: bool = False) -> None:
        from enforcer.recording.safe_mode import ERRORS, SafeMode

        mode = SafeMode(ERRORS, text)
        if self.calm(mode) and not is_said:
            _write(f"{mode.notice().text} Please report it (safe-mode)")

    def _answers(self) -> "Answering | None":
        watch = self.watch
        if watch is None and self.safe_mode is None:
            try:
                watch = self.begin()
            except Exception as error:  # noqa: BLE001 - the watched program comes first
                if not self._failed:
                    self._failed = True
                    _write(f"nothing is watched: {error!r} (not-begun)")
                    self._give_up(f"nothing could be watched: {error!r}", is_said=True)
                return self._plain_answers()
        if watch is None:
            return None if self._is_ended else self._plain_answers()
        return watch.answers

    def _recover(self, error: Exception) -> "Answering | None":
        """Return the plain answers after an error of the enforcer's own; None for other errors."""
        from enforcer.errors import EnforcerError

        if isinstance(error, (MemoryError, RecursionError, Warning, EnforcerError)):
            return None
        answers = self._plain_answers()
        if answers is None:
            return None
        from enforcer.runtime.imports.cpython import raised_here

        if not raised_here(error):
            return None
        self.failed(error)
        return answers

    def _plain_answers(self) -> "PlainAnswers | None":
        """Return the answers that only alias; None if they can't be loaded either."""
        answers = self._plain.get("")
        if answers is not None:
            return answers
        mode = self.safe_mode
        try:
            from enforcer.runtime.imports.plain_entries import PlainAnswers

            load_now()
            keeps_own_code = mode is not None and mode.keeps_own_code
            answers = PlainAnswers(self.map, keeps_own_code=keeps_own_code)
            answers.on_legacy = self._load_reporting
        except Exception:  # noqa: BLE001 - an audit hook refuses
            return None
        return self._plain.setdefault("", answers)


def _write(text: str) -> None:
    try:
        sys.stderr.write(f"enforcer: {text}\n")
    except Exception:  # noqa: BLE001 - standard error is closed or was replaced
        return
