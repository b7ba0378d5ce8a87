"""Describe the mechanisms that are compared: the enforcer and its peers.

Most peers are a file at the legacy path. Their text is a template: ``{canonical}`` is the
dotted path of the canonical module. The enforcer, the override of ``builtins.__import__``
and the plain import need no file; they are started in the measured process (see ``watch``).
"""

from dataclasses import dataclass
from typing import Final

NATIVE: Final = "native"
ENFORCER: Final = "enforcer"
OVERRIDE: Final = "override"
WARNING_SHIM: Final = "pep562"
LEAST: Final = "least"
SAFE: Final = "safe"
SWITCHED: Final = "switched"


@dataclass(frozen=True, slots=True)
class Mechanism:
    """Say how one mechanism keeps a legacy path alive.

    Attributes:
        key: its name on the command line of a child and in the results.
        label: its name in the tables.
        shim: text of the file at the legacy path, or empty if there is none.
        requires: the distribution's module that the shim imports, or empty.

    """

    key: str
    label: str
    shim: str = ""
    requires: str = ""


_STUB = """\
import warnings

warnings.warn(f"{{__name__}} moved to {canonical}", DeprecationWarning, stacklevel=2)

from {canonical} import *
"""

_SYS_MODULES = """\
import sys

import {canonical}

sys.modules[__name__] = sys.modules["{canonical}"]
"""

_PEP_562 = """\
import warnings

import {canonical} as _canonical


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    message = f"{{__name__}}.{{name}} moved to {canonical}"
    warnings.warn(message, DeprecationWarning, stacklevel=2)
    return getattr(_canonical, name)
"""

_REMOVED_MODULE = """\
from debtcollector import removals

removals.removed_module(__name__, replacement="{canonical}")

from {canonical} import *
"""

_MOVED_CLASS = """\
from debtcollector import moves

import {canonical} as _canonical

X = moves.moved_class(_canonical.X, "X", __name__)
"""

_LAZY_LOADER = """\
import lazy_loader

_package, _, _module = "{canonical}".partition(".")
__getattr__, __dir__, __all__ = lazy_loader.attach(_package, submod_attrs={{_module: ["X"]}})
"""

MECHANISMS: Final = (
    Mechanism(ENFORCER, "enforcer"),
    Mechanism("stub", "stub module, warnings.warn(stacklevel=2)", _STUB),
    Mechanism("sys_modules", "sys.modules[old] = new", _SYS_MODULES),
    Mechanism(WARNING_SHIM, "PEP 562 __getattr__ with warnings.warn", _PEP_562),
    Mechanism("removed_module", "debtcollector removed_module", _REMOVED_MODULE, "debtcollector"),
    Mechanism("moved_class", "debtcollector moved_class", _MOVED_CLASS, "debtcollector"),
    Mechanism("lazy_loader", "lazy_loader.attach", _LAZY_LOADER, "lazy_loader"),
    Mechanism(OVERRIDE, "builtins.__import__ override"),
)

SHIMS: Final = {mechanism.key: mechanism.shim for mechanism in MECHANISMS}
