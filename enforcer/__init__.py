"""Move a Python module without breaking its callers, and see every caller.

    import enforcer

    enforcer.enable("enforcer.toml")

Importing this package loads next to nothing; enabling loads only small modules of the standard
library.

PYTEST_DONT_REWRITE: pytest would warn that the package was imported before it could rewrite it.
"""

from enforcer.runtime.own_modules import Plainly

with Plainly():
    from enforcer.errors import (
        DelegationError,
        EnforcerError,
        InstanceError,
        LateEnablingError,
        LegacyCallError,
        LegacyCallWarning,
        LegacyImportError,
        LegacyImportWarning,
    )
    from enforcer.startup import collect, disable, enable, flush, notices, release, safe

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
