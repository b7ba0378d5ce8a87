"""Make the imports of the enforcer's own modules that Python left for later (PEP 810).

From 3.15 on a program may ask for all imports to be lazy. The enforcer works inside of imports:
what it needs must be there before, and must not load where the watched program imports.
"""

import sys

_HAS_LAZY = sys.version_info >= (3, 15)


def load_now() -> None:
    """Import what the loaded modules of this package import."""
    if not _HAS_LAZY:
        return
    import types  # noqa: PLC0415 - not at every start

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
                if type(value) is lazy:
                    getattr(module, key)
        known |= names


def _is_own(name: object) -> bool:
    return isinstance(name, str) and name.partition(".")[0] == "enforcer"
