"""Hold what is enabled in a process, and load what watches imports when it is needed."""

import sys
from time import monotonic

from enforcer.eager import load_now
from enforcer.errors import EnforcerError
from enforcer.imports.finder import Finder
from enforcer.recording.notice import Notice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from contextvars import Context

    from enforcer.imports.finder import Answering
    from enforcer.imports.plain_entries import PlainAnswers
    from enforcer.imports.watch import Watch
    from enforcer.recording.items import Item
    from enforcer.recording.recorder import Recorder, Tally
    from enforcer.recording.safe_mode import SafeMode
    from enforcer.recording.use import CallSite, Use
    from enforcer.reporter import Schedule
    from enforcer.rules.model import MigrationMap
    from enforcer.telemetry.emitter import Emitter

LOOK_INTERVAL = 60.0
"""How often to look at what other code did to imports, in seconds."""

MOST_ERRORS = 10
"""After how many errors of its own a process goes into safe mode."""


class Enforcement:
    """Hold what is enabled in this process.

    What watches imports is loaded when the first module is imported that the map speaks of.

    Attributes:
        map: the migration map in force.
        finder: what stands on ``sys.meta_path``.
        reporters: what reports, in threads of its own: what keeps the counts, and then what
            emits them; the first one leads.
        on_new_site: what the recorder calls after each new call site.
        load_reporting: loads what the threads that report will need, or says that none will;
            called on the thread that imports the first module that can be used by a legacy path or
            name.
        context: what gives the recorder a context to keep with a new call site.
        item: what returns the running test to which uses without own code belong; None where
            no tests run.
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
        """Prepare; nothing outside is touched."""
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
        # Threads may meet where these are filled: what came first stays, by setdefault().
        self._recorder: dict[str, Recorder] = {}
        self._watch: dict[str, Watch | None] = {}
        self._emitter: dict[str, Emitter] = {}
        self._plain: dict[str, PlainAnswers] = {}

    @property
    def recorder(self) -> "Recorder":
        """What counts."""
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
        """The one of the reporters that emits; None where nobody asked for it so far."""
        return self._emitter.get("")

    def take_emitter(self, emitter: "Emitter") -> "Emitter":
        """Have the first emitter that comes emit, and give it."""
        return self._emitter.setdefault("", emitter)

    @property
    def watch(self) -> "Watch | None":
        """What watches imports; None until the map speaks of one, and at the end."""
        return self._watch.get("")

    def begin(self, *, is_late: bool = False) -> "Watch | None":
        """Give what watches imports, and load it if this is the first time.

        Args:
            is_late: whether modules that the map speaks of are loaded already.

        No lock is held meanwhile: threads that meet here all load the same modules, which
        the import system sees to, and agree on the watch that was first.

        """
        from enforcer.baseline.tolerance import Tolerance
        from enforcer.imports.watch import Watch
        from enforcer.recording.items import items_of_environment

        load_now()
        tolerance = Tolerance(self.map, self._notices, self._baseline)
        watch = Watch(self.map, self.recorder, tolerance, self._notices)
        watch.uses.ownership.item = self.item or items_of_environment()
        watch.on_legacy = self._load_reporting
        watch.on_error = self.failed
        if self.map.factories or self.map.instances:
            from enforcer.delegation.delegation import Delegation

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
        """Have somebody told of each new call site, on the importing thread: it must be cheap."""
        self.on_new_site = hear
        for recorder in self._recorder.values():
            recorder.on_new_site = hear

    def attribute(self, item: "Callable[[], Item | None]") -> None:
        """Attribute uses without a frame of own code to the running test.

        Args:
            item: returns it, or None where none runs.

        """
        self.item = item
        if self.watch is not None:
            self.watch.uses.ownership.item = item

    def keep_contexts(self, context: "Callable[[], Context | None]") -> None:
        """Have a context kept with each new call site, which is given on the importing thread."""
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
        """Give the uses since the last call, and how many were lost."""
        recorder = self._recorder.get("")
        return recorder.collect() if recorder is not None else ([], 0)

    def totals(self) -> "Iterable[tuple[Tally, int]]":
        """Give what counts each call site, with the uses so far."""
        recorder = self._recorder.get("")
        return recorder.totals() if recorder is not None else ()

    def notices(self) -> "list[Notice]":
        """Give what the map's owner should know of this process, the newest last."""
        return list(self._notices.values())

    def note(self, notice: "Notice") -> None:
        """Have the map's owner told something, once."""
        self._notices.setdefault((notice.kind, notice.subject), notice)

    def look_for_notices(self) -> "list[Notice]":
        """Give the same, after a look at what other code did to imports.

        Call it in a thread of the enforcer's: a look may take a moment.
        """
        now = monotonic()
        # A thread that looks while the program's thread still enables would find that the finder,
        # or the watch of a module that is loaded already, is not there.
        is_enabled = not (self.is_starting or self._is_ended) and self.safe_mode is None
        if now >= self._look_at and is_enabled:
            self._look_at = now + LOOK_INTERVAL
            from enforcer.imports.interference import interference

            for notice in interference(self.map, self.finder, self.watch, self._notices):
                self.note(notice)
        return self.notices()

    def forget_after_unseen_fork(self) -> None:
        """Start from zero in a child that C code forked, and note what can't be known.

        Uses at call sites that the parent knew are counted where the parent's are, until the
        fork is noticed. How many of those that nobody had collected are the child's, nobody
        can tell: all of them count as lost.
        """
        lost = self._recorder[""].pending() if self._recorder else 0
        # Noticed in the middle of an import, which the gates on locks have begun to count:
        # they stay as they are.
        self._forget_counts(lost)
        if lost:
            text = (
                "This process was forked by C code, which ran none of Python's hooks. Up to "
                f"{lost} of its uses were made before that was noticed, and count as lost."
            )
            self._notices["fork", "enforcer"] = Notice("fork", "enforcer", text)

    def forget(self) -> None:
        """Start from zero, in a forked child."""
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
        """Alias from now on and do no more; return whether that is news.

        What was imported so far stays as it is, and what was counted waits to be collected. It is
        quick, and may be called inside an import.
        """
        if self.safe_mode is not None:
            return False
        self._calm_watch()  # who reads that it is safe counts no more
        self.safe_mode = mode
        self.note(mode.notice())
        self._calm_watch()  # another thread may have begun it meanwhile
        return True

    def _calm_watch(self) -> None:
        if self.watch is not None:
            self.watch.calm()

    def failed(self, error: Exception) -> None:
        """Count an error of the enforcer's own, and go into safe mode after some."""
        if isinstance(error, (MemoryError, RecursionError)):
            return  # the program's, wherever it comes up
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
        """Return who answers after an error, plainly; None if it is not the enforcer's own."""
        if isinstance(error, (MemoryError, RecursionError, Warning, EnforcerError)):
            return None
        answers = self._plain_answers()
        if answers is None:
            return None
        from enforcer.imports.bootstrap import raised_here

        if not raised_here(error):
            return None
        self.failed(error)
        return answers

    def _plain_answers(self) -> "PlainAnswers | None":
        """Return who gives plain aliases; None if that can't be loaded either."""
        answers = self._plain.get("")
        if answers is not None:
            return answers
        mode = self.safe_mode
        try:
            from enforcer.imports.plain_entries import PlainAnswers

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
    except Exception:  # noqa: BLE001 - standard error is closed, so there is nobody to tell
        return
