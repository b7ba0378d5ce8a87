"""Replace legacy factories by stand-ins, and answer their calls.

This module is light: it runs when the legacy module has been executed. The objects that delegate
are created at the first call (``calls``).
"""

import sys
from types import FunctionType

from enforcer.errors import DelegationError
from enforcer.rules.stages import REMOVED
from enforcer.runtime.delegation.active_calls import is_inside
from enforcer.runtime.delegation.legacy_source import function_from_source
from enforcer.runtime.delegation.objects import ObjectStandIn, find, gives_callable
from enforcer.runtime.delegation.parameters import Parameters, of_function, of_object
from enforcer.runtime.delegation.signatures import Mismatch, mismatches
from enforcer.runtime.delegation.stand_ins import Replaced, copy_of, hook_for, stand_in_code
from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.cpython import frame_above
from enforcer.runtime.imports.sites import Sites
from enforcer.runtime.imports.uses import can_be_remembered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType, ModuleType

    from enforcer.recording.recorder import Tally
    from enforcer.rules.factory_model import Factory
    from enforcer.runtime.delegation.calls import Delegating
    from enforcer.runtime.imports.watch import Watch


class LegacyFactory:
    """Answers the calls of one legacy factory.

    Attributes:
        rule: the map's entry for it.
        watch: the watch of this interpreter's imports.
        original: a callable that does what the legacy factory did; None if its code is not loaded.
        raw: the same as it is stored in its class, with ``classmethod`` and the like around it.
        bound: how many of the first arguments are ``self`` or ``cls``: 0 or 1.
        parameters: its parameters, without those; None if only ``inspect`` can tell.
        refusals: the reasons why calls are not delegated, if they are not.

    """

    __slots__ = (
        "_calls",
        "_delegating",
        "_restore",
        "_sites",
        "_stand_in",
        "bound",
        "original",
        "parameters",
        "raw",
        "refusals",
        "rule",
        "watch",
    )

    def __init__(self, watch: "Watch", rule: "Factory") -> None:
        self.watch = watch
        self.rule = rule
        self.original: Callable[..., object] | None = None
        self.raw: object = None
        self.bound = 0
        self.parameters: Parameters | None = None
        self.refusals: list[Mismatch] = []
        self._delegating: Delegating | None = None
        self._restore: list[Callable[[], object]] = []
        self._sites = Sites()
        self._stand_in: object = None

    # Replacing the factory.

    def place(self, module: "ModuleType") -> None:
        """Replace the factory of a module that was executed."""
        self.refusals = []
        self._delegating = None
        holder, name, raw = find(module, self.rule.name)
        if raw is None:
            self._note("missing", f'"{self.rule.legacy}" does not exist; nothing delegates.')
        elif isinstance(raw, type):
            self._refuse_class()
        else:
            self._stand_in_for(raw, holder, name)

    def _refuse_class(self) -> None:
        self._refuse(
            Mismatch(
                "factory-is-class",
                f'"{self.rule.legacy}" is a class, not a factory function.',
                "Write a [[rule]] for its name.",
            )
        )

    def _stand_in_for(self, raw: object, holder: object, name: str) -> None:
        inner = raw.__func__ if isinstance(raw, (classmethod, staticmethod)) else raw
        in_class = isinstance(holder, type)
        self.bound = int(in_class and not isinstance(raw, staticmethod))
        is_own = in_class or getattr(inner, "__module__", None) == self.rule.module
        if type(inner) is not FunctionType:
            if not callable(inner) and not gives_callable(raw, holder):
                self._note("missing", f'"{self.rule.legacy}" is no factory; nothing delegates.')
                return
            self._stand_in = ObjectStandIn(self, raw)
            self.raw = self.original = raw  # type: ignore[assignment]
            self._put(holder, name, self._stand_in, raw)
        elif is_own and not self._is_canonical(inner):
            replaced = Replaced(inner, lambda code: stand_in_code(code, self._hook(code)))
            self._restore.append(replaced.restore)
            self._take(replaced.original, raw)
        else:
            # Another module defines it, where it is no legacy factory. Only this name is one, so
            # the name gets a copy.
            made = copy_of(inner, stand_in_code(inner.__code__, self._hook(inner.__code__)))
            made.__module__, made.__qualname__ = self.rule.module, self.rule.name
            made.__wrapped__ = inner  # type: ignore[attr-defined]
            self._take(inner, raw)
            self._put(holder, name, made, raw)
        self.check(self.rule.module)

    def _is_canonical(self, function: FunctionType) -> bool:
        target = sys.modules.get(self.rule.target)
        return target is not None and find(target, self.rule.target_name)[2] is function

    def _take(self, original: FunctionType, raw: object) -> None:
        self.original = original
        self.raw = type(raw)(original) if isinstance(raw, (classmethod, staticmethod)) else original
        if "__wrapped__" in original.__dict__ or "__signature__" in original.__dict__:
            return
        found = of_function(original)
        self.parameters = found.without_first() if self.bound else found

    def _put(self, holder: object, name: str, stand_in: object, raw: object) -> None:
        def restore() -> None:
            if vars(holder).get(name) is stand_in:
                setattr(holder, name, raw)

        setattr(holder, name, stand_in)
        self._restore.append(restore)

    def _hook(self, code: "CodeType") -> "Callable[..., object]":
        # The frames above the lambda's: the hook, the stand-in, and the caller.
        return hook_for(code, lambda args, kwargs: self.call(frame_above(3), args, kwargs))

    def without_code(self) -> object:
        """Return the stand-in for the factory of an aliased module, whose code never runs."""
        if self._stand_in is None:
            made = function_from_source(self.watch, self.rule, self._hook)
            if made is None:
                self._refuse_class()
                raise AttributeError(self.rule.name)
            self.parameters = made.parameters
            self._stand_in = made.function
            self.check()
        return self._stand_in

    def remove(self) -> None:
        """Undo all changes."""
        while self._restore:
            self._restore.pop()()

    def forget(self) -> None:
        """Clear the cache of call sites."""
        self._sites.forget()

    # Refusing.

    def check(self, executed: str = "") -> None:
        """Compare both factories, if both are loaded and readable without ``inspect``.

        Args:
            executed: a module that was just executed, even if its spec still looks initialising.

        """
        module, _, name = self.rule.answering.partition(":")
        loaded = sys.modules.get(module)
        if loaded is None or self.refusals:
            return
        if module != executed and cpython.is_initializing(loaded):
            return
        canonical = of_object(find(loaded, name)[2])
        if self.parameters is not None and canonical is not None and "." not in name:
            arguments = self.rule.arguments
            for mismatch in mismatches(self.parameters, canonical, arguments):
                self._refuse(mismatch)

    def _refuse(self, mismatch: Mismatch) -> None:
        self.refusals.append(mismatch)
        self._note(
            "refused", f'Calls of "{self.rule.legacy}" are answered by its own code: {mismatch}'
        )

    def refuse(self, mismatch: Mismatch) -> None:
        """Stop delegating, with a notice."""
        if all(mismatch.message != known.message for known in self.refusals):
            self._refuse(mismatch)

    def why_not(self) -> str:
        """Return why calls are not delegated; empty if they are."""
        if self.refusals:
            return str(self.refusals[0])
        if not self.rule.aliases():
            return f"its stage is {self.rule.stage}"
        is_in_place = self._stand_in is not None or self._restore
        return "" if is_in_place else "nothing stands in for it"

    def _note(self, kind: str, text: str) -> None:
        self.watch.notice(kind, self.rule.legacy, text)

    # Answering.

    def call(
        self, frame: "FrameType | None", args: tuple[object, ...], kwargs: "dict[str, object]"
    ) -> object:
        """Answer one call.

        Args:
            frame: the frame that calls.
            args: its arguments by position, with ``self`` or ``cls``.
            kwargs: its arguments by keyword.

        """
        if not self.watch.enabled or is_inside(self, frame, args, kwargs):
            return self.run_legacy(args, kwargs)
        rule = self.rule
        delegating = None
        is_safe = self.watch.uses.is_safe
        if rule.aliases() and (is_safe or rule.stage != REMOVED) and not self.refusals:
            delegating = self._delegating or self._begin()
        uses = self._sites.find(frame) if frame is not None else None
        if uses is not None:
            next(uses)
        else:
            self._record(frame, in_place=delegating is None)
        if delegating is not None:
            return delegating.call(args, kwargs)
        if self.refusals and ((rule.refuses and not is_safe) or self.original is None):
            message = f'"{rule.legacy}" can\'t be delegated: {self.refusals[0]}'
            raise DelegationError(message)
        return self.run_legacy(args, kwargs)

    def run_legacy(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        """Run the legacy factory's own code."""
        if self.original is None:
            message = (
                f'"{self.rule.legacy}" was called by "{self.rule.answering}", which is to answer '
                "for it; its own code is not loaded. Don't call it there (delegation-circle)"
            )
            raise DelegationError(message)
        if self.bound and type(self.original) is not FunctionType:
            receiver, *rest = args
            owner = receiver if isinstance(receiver, type) else type(receiver)
            method = self.raw.__get__(None if owner is receiver else receiver, owner)  # type: ignore[attr-defined]
            return method(*rest, **kwargs)
        return self.original(*args, **kwargs)

    def _begin(self) -> "Delegating | None":
        try:
            from enforcer.runtime.delegation.calls import Delegating

            delegating = Delegating(self)
        except Exception as error:
            # The watched program comes first.
            if self.original is None:
                raise
            self._note("missing", f'"{self.rule.answering}" can\'t answer for it: {error!r}.')
            return None
        if self.refusals:
            return None
        self._delegating = delegating
        return delegating

    def _record(self, frame: "FrameType | None", *, in_place: bool) -> None:
        tally = self.watch.guarded(self.rule.legacy, self._use, frame, in_place)
        if frame is None or tally is None or not can_be_remembered(tally):
            return
        if self.watch.uses.ownership.is_own(frame):
            # Not cached for a framework's call: its nearest own frame may differ each time.
            self._sites.remember(frame, (tally,))

    def _use(self, frame: "FrameType | None", in_place: bool) -> "Tally":  # noqa: FBT001 - see guarded()
        uses = self.watch.uses
        caller = uses.ownership.calling(frame)
        return uses.record(self.rule, self.rule.legacy, caller, in_place=in_place)
