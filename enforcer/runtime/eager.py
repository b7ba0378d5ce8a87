"""Resolve the lazy imports of the enforcer's own modules (PEP 810, 3.15).

From 3.15 on a program may make all imports lazy. The enforcer runs inside imports: the modules
that it needs must be loaded before, not in the middle of an import of the watched program.
"""

import sys

_HAS_LAZY = sys.version_info >= (3, 15)


def load_now() -> None:
    """Resolve all lazy imports in the loaded modules of this package."""
    if not _HAS_LAZY:
        return
    import types  # not at every start

    lazy: type | None = getattr(types, "LazyImportType", None)
    if lazy is None:
        return
    known: set[str] = set()
    while True:
        names = {name for name in sys.modules.copy() if _is_own(name)} - known
        if not names:
            return
        for name in names:
            module = sys.modules[name]
            for key, value in list(vars(module).items()):
                # vars() returned the placeholder without resolving it; getattr() resolves it.
                if type(value) is lazy:
                    getattr(module, key)
        known |= names


def _is_own(name: object) -> bool:
    return isinstance(name, str) and name.partition(".")[0] == "enforcer"
