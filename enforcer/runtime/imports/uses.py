"""Record one use: count it, and warn or refuse if its stage requires it."""

import _warnings

from enforcer.recording.recorder import Tally
from enforcer.recording.use import (
    ALIASED,
    BLOCKED,
    CALL,
    EXEMPTED,
    OBSERVED,
    PROBE,
    WARNED,
    WOULD_BLOCK,
    CallSite,
)
from enforcer.rules.stages import REMOVED, STRICT, WARN
from enforcer.runtime.imports import bytecode, cpython
from enforcer.runtime.imports.bytecode import LazyStatement
from enforcer.runtime.imports.callers import module_name
from enforcer.runtime.imports.messages import canonical_path, explain
from enforcer.runtime.imports.places import place_of
from enforcer.runtime.refusals import (
    LegacyCallError,
    LegacyCallWarning,
    LegacyImportError,
    LegacyImportWarning,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from types import FrameType

    from enforcer.recording.recorder import Recorder
    from enforcer.rules.model import Rule
    from enforcer.runtime.imports.callers import Caller, Ownership


MOST_RESOLVED = 4096
"""How many lazy imports are remembered as counted."""

_NOBODY = CallSite("", file="", line=0, function="", module="", mechanism="")
"""The call site of all uses in safe mode, which counts nothing."""


# Why a use is counted, or refused: by its outcome, of a refusal by the stage.
_REASONS = {
    OBSERVED: "counted: the legacy module's own code answers",
    ALIASED: "counted: stage alias",
    WARNED: "counted, with a warning: stage warn",
    EXEMPTED: "counted: stage strict, and the baseline tolerates the call site",
    WOULD_BLOCK: "counted: stage strict, with refuse = false",
    STRICT: "refused: stage strict, and the baseline lacks the call site",
    REMOVED: "refused: stage removed",
}


class Uses:
    """Turns callers into recorded uses.

    Attributes:
        recorder: counts them.
        ownership: classifies files as own or third-party code.
        baseline: the call sites that strict rules tolerate.
        is_safe: whether the process is in safe mode, and nothing is counted or refused.
        explain: called with each decision that is not cached: the path, the decision with its
            reason, and the call site or the frame that asks. It does nothing unless
            ``ENFORCER_DEBUG`` is set.

    """

    __slots__ = ("_resolved", "baseline", "explain", "is_safe", "ownership", "recorder")

    def __init__(
        self, recorder: "Recorder", ownership: "Ownership", baseline: "Container[CallSite]"
    ) -> None:
        self.recorder = recorder
        self.ownership = ownership
        self.baseline = baseline
        self.is_safe = False
        self.explain: Callable[..., object] = _ignore
        self._resolved: dict[tuple[int, str], tuple[object]] = {}

    def record(self, rule: "Rule", path: str, caller: "Caller", *, in_place: bool) -> "Tally":
        """Count one use; warn or refuse if its stage requires it.

        Args:
            rule: the rule that covers the path.
            path: the legacy path that was reached.
            caller: the code that asks.
            in_place: whether the legacy module's own code answers.

        Returns:
            The tally, whose ``count`` counts further uses of the same site.

        Raises:
            LegacyImportError: if the stage refuses this import.
            LegacyCallError: if it refuses this call.
            LegacyImportWarning: if the program turned such warnings into errors.
            LegacyCallWarning: the same, for a call.

        """
        if self.is_safe:
            return Tally(rule, OBSERVED, _NOBODY)
        site = self.ownership.site(path, caller)
        outcome = self._outcome(rule, site, in_place=in_place)
        tally = self.recorder.tally(rule, outcome, site)
        if outcome != BLOCKED and self._was_resolved(path, caller.frame):
            self.explain(path, "not counted: its lazy import was counted before", site)
            return tally
        self.explain(path, _REASONS[rule.stage if outcome == BLOCKED else outcome], site)
        tally.count()
        if outcome == BLOCKED:
            refuse = LegacyCallError if site.mechanism == CALL else LegacyImportError
            raise refuse(
                _explain(rule, site, caller),
                legacy=path,
                canonical=canonical_path(rule, path),
                call_site=site,
                rule=rule,
            )
        if outcome == WARNED and caller.frame is not None:
            kind = LegacyCallWarning if site.mechanism == CALL else LegacyImportWarning
            _warn(_explain(rule, site, caller), kind, caller.frame)
        return tally

    def _was_resolved(self, path: str, frame: "FrameType | LazyStatement | None") -> bool:
        """Return whether a lazy import was counted before; remember that it is counted now.

        Several threads may use a name for the first time at once, and Python reads the module again
        if the module lacks a name.
        """
        if not isinstance(frame, LazyStatement):
            return False
        if len(self._resolved) >= MOST_RESOLVED:
            self._resolved.clear()
        # The reference keeps the placeholder alive, so that its id() is not reused.
        this = (frame.placeholder,)
        return self._resolved.setdefault((id(frame.placeholder), path), this) is not this

    def refuses(self, rule: "Rule", path: str, caller: "Caller") -> bool:
        """Return whether the stage refuses a caller; count nothing."""
        if self.is_safe:
            return False
        site = self.ownership.site(path, caller)
        return self._outcome(rule, site, in_place=False) == BLOCKED

    def probe(self, rule: "Rule", path: str, caller: "Caller") -> None:
        """Count a probe: the caller asked whether a path exists, which is no use."""
        if self.is_safe:
            return
        caller.mechanism = PROBE
        site = self.ownership.site(path, caller)
        self.explain(path, "counted apart: a probe only asks whether the path exists", site)
        self.recorder.tally(rule, OBSERVED, site).count()

    def _outcome(self, rule: "Rule", site: "CallSite", *, in_place: bool) -> str:
        if rule.stage == REMOVED:
            return BLOCKED
        if rule.stage == STRICT:
            if site in self.baseline:
                return EXEMPTED
            return BLOCKED if rule.refuse else WOULD_BLOCK
        if rule.stage == WARN:
            return WARNED
        return OBSERVED if in_place else ALIASED


def _ignore(*_: object) -> None:
    return


def _explain(rule: "Rule", site: "CallSite", caller: "Caller") -> str:
    frame: FrameType | LazyStatement | None = caller.frame
    lazy = frame if isinstance(frame, LazyStatement) else None
    statement = frame and bytecode.import_statement(frame)
    if caller.frame is not None and statement is None:
        statement = bytecode.from_import(caller.frame)
    from_package = bool(statement and statement.names and not site.names)
    return explain(
        rule,
        site,
        removed=rule.stage == REMOVED,
        from_package=from_package,
        used_at=site.via if lazy is not None else "",
        is_lazy=lazy is not None and lazy.is_marked(),
    )


def _warn(message: str, kind: type[Warning], frame: "FrameType") -> None:
    if cpython.extension_spec(frame) is not None:
        filename, line, _ = place_of(frame)
        _warnings.warn_explicit(message, kind, filename, line or 1, module_name(frame))
        return
    # warnings.warn(stacklevel=…) would count frames of importlib and of tools. warn_explicit gets
    # the caller's file, line and registry, so filters and de-duplication treat the warning as the
    # caller's. The C module, because `warnings` may not be loaded.
    _warnings.warn_explicit(
        message,
        kind,
        frame.f_code.co_filename,
        frame.f_lineno or 1,
        frame.f_globals.get("__name__") or "<unknown>",
        frame.f_globals.setdefault("__warningregistry__", {}),
    )


def can_be_remembered(tally: "Tally") -> bool:
    """Return whether further uses of a site only need to be counted.

    A use that belongs to a frame further out needs more: next time it may belong to another one.
    """
    return tally.outcome not in (BLOCKED, WARNED) and not tally.site.via
