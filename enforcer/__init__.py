"""Move a Python module without breaking its callers, and see every caller.

    import enforcer

    enforcer.enable("enforcer.toml")

Importing this package loads next to nothing; enabling loads the standard library's small
modules only.
"""

from enforcer.errors import (
    EnforcerError,
    LateEnablingError,
    LegacyImportError,
    LegacyImportWarning,
)
from enforcer.startup import collect, disable, enable, flush, notices

__all__ = [
    "EnforcerError",
    "LateEnablingError",
    "LegacyImportError",
    "LegacyImportWarning",
    "collect",
    "disable",
    "enable",
    "flush",
    "notices",
]

__version__ = "0.1.0"
