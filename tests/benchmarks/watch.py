"""Start one mechanism in the measured process and read what it saw.

A sighting is keyed by the file and line that the mechanism blames, and counted. This runs
in the interpreter under test, which may have nothing but the standard library.
"""

import builtins
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from tests.benchmarks.mechanisms import (
    ENFORCER,
    LEAST,
    NATIVE,
    OVERRIDE,
    SAFE,
    SHIMS,
    SWITCHED,
)
from tests.benchmarks.world import LEGACY_MODULES, MAP_FILE

Sightings = Counter[tuple[str, int]]
Look = Callable[[], Sightings]


def watch(mechanism: str, world: Path) -> Look:
    """Start a mechanism; the callable that is returned says what it has seen so far."""
    if mechanism == ENFORCER:
        return _watch_with_enforcer(world)
    if mechanism == OVERRIDE:
        return _watch_with_override()
    if mechanism == NATIVE:
        return Sightings
    if SHIMS[mechanism]:
        return _watch_warnings()
    message = f"No mechanism is called {mechanism!r}"
    raise ValueError(message)


def start_quietly(mechanism: str, world: Path) -> None:
    """Start a mechanism as production would have it: warnings are ignored by a filter."""
    if mechanism in (ENFORCER, SAFE, SWITCHED):
        import enforcer  # noqa: PLC0415 - only the enforcer's own processes may load it

        if mechanism == SAFE:
            os.environ["ENFORCER_SAFE"] = "1"
        enforcer.enable(str(world / MAP_FILE))
        if mechanism == SWITCHED:
            for legacy in LEGACY_MODULES:
                import_module(legacy)
            enforcer.safe()
    elif mechanism == OVERRIDE:
        _watch_with_override()
    elif mechanism == LEAST:
        from tests.benchmarks import least  # noqa: PLC0415 - changes classes of this process

        for legacy, canonical in LEGACY_MODULES.items():
            least.watch(legacy, canonical)
    else:
        warnings.simplefilter("ignore", DeprecationWarning)


def _watch_with_enforcer(world: Path) -> Look:
    import enforcer  # noqa: PLC0415 - only the enforcer's own processes may load it

    enforcer.enable(str(world / MAP_FILE), store=False)

    def look() -> Sightings:
        uses, dropped = enforcer.collect()
        if dropped:
            message = f"The enforcer dropped {dropped} call sites"
            raise AssertionError(message)
        seen = Sightings()
        for use in uses:
            if use.site.mechanism in ("import_statement", "import_module"):
                seen[str(world / use.site.file), use.site.line] += use.count
        return seen

    return look


def _watch_with_override() -> Look:
    """Replace ``builtins.__import__`` with a function that counts legacy imports."""
    seen = Sightings()
    original = builtins.__import__

    def counting_import(
        name: str,
        namespace: Mapping[str, object] | None = None,
        scope: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> object:
        legacy = name in LEGACY_MODULES
        if fromlist and not legacy:
            legacy = any(f"{name}.{item}" in LEGACY_MODULES for item in fromlist)
        if legacy:
            frame = sys._getframe(1)  # noqa: SLF001 - the caller's frame is what it is about
            seen[frame.f_code.co_filename, frame.f_lineno] += 1
        return original(name, namespace, scope, fromlist, level)

    for legacy, canonical in LEGACY_MODULES.items():
        _alias(legacy, canonical)
    builtins.__import__ = counting_import  # type: ignore[assignment]
    return lambda: seen


def _alias(legacy: str, canonical: str) -> None:
    """Make a legacy path importable, as the override alone does not."""
    module = import_module(canonical)
    sys.modules[legacy] = module
    parent, _, child = legacy.rpartition(".")
    if parent:
        setattr(import_module(parent), child, module)


def _watch_warnings() -> Look:
    caught = ExitStack().enter_context(warnings.catch_warnings(record=True))
    warnings.simplefilter("always")
    return lambda: Sightings((warning.filename, warning.lineno) for warning in caught)
