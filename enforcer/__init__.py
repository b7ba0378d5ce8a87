"""Move a Python module without breaking its callers, and see every caller.

    import enforcer

    enforcer.enable("enforcer.toml")

Importing this package loads next to nothing; enabling loads only small modules of the standard
library.

PYTEST_DONT_REWRITE: pytest would warn that the package was imported before it could rewrite it.
"""

from enforcer.runtime.own_modules import Plainly

with Plainly():
    from enforcer.startup import collect, disable, enable, flush, notices, release, safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.errors import DelegationError, EnforcerError, InstanceError, LateEnablingError
    from enforcer.runtime.refusals import (
        LegacyCallError,
        LegacyCallWarning,
        LegacyImportError,
        LegacyImportWarning,
    )

__all__ = [
    "DelegationError",
    "EnforcerError",
    "InstanceError",
    "LateEnablingError",
    "LegacyCallError",
    "LegacyCallWarning",
    "LegacyImportError",
    "LegacyImportWarning",
    "collect",
    "disable",
    "enable",
    "flush",
    "notices",
    "release",
    "safe",
]

__version__ = "0.1.0"


# PEP 562: every process with a map imports this package, and few of them need its errors, which
# are eight classes. Type comments: see enforcer.runtime.own_modules.
def __getattr__(name):  # noqa: ANN001, ANN202
    # type: (str) -> object
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    with Plainly():
        from enforcer import errors  # noqa: PLC0415 - see above
        from enforcer.runtime import refusals  # noqa: PLC0415

    home = refusals if name.startswith("Legacy") else errors
    value = globals()[name] = getattr(home, name)
    return value


def __dir__():  # noqa: ANN202
    # type: () -> list[str]
    return sorted({*globals(), *__all__})
