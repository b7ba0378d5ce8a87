"""The least that Python allows: see who imports an old path, and count; nothing else."""

# ruff: noqa: ANN001, ANN201, ANN204, SLF001 - as short as it can be
import _frozen_importlib
import sys
from importlib import import_module
from itertools import count
from types import ModuleType

seen = {}
LOADING = getattr(_frozen_importlib, "_is_initializing", _frozen_importlib._find_and_load).__code__
CALLER = 5 if hasattr(_frozen_importlib, "_is_initializing") else 4


class Alias:
    __slots__ = ("__dict__", "spec")
    __class__ = property(lambda _: ModuleType)

    @property
    def __spec__(self):
        frame = sys._getframe(1)
        if frame.f_code is LOADING:
            frame = sys._getframe(CALLER)
        code, uses = seen.get(frame.f_lasti, (None, None))
        if code is not frame.f_code:
            code, uses = seen[frame.f_lasti] = frame.f_code, count(1)
        next(uses)
        return self.spec


def watch(old, new):
    alias = sys.modules[old] = Alias()
    alias.spec = import_module(new).__spec__
    object.__setattr__(alias, "__dict__", vars(import_module(new)))
    package, _, child = old.rpartition(".")
    if package:
        own = {"__slots__": (), child: property(lambda _: alias)}
        if sys.version_info >= (3, 14):  # it would be read past the property
            own["__getattribute__"] = object.__getattribute__
        import_module(package).__class__ = type("module", (ModuleType,), own)
        vars(import_module(package))[child] = alias
