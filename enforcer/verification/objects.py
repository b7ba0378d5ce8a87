"""Numbers and names for a program's objects."""

from types import ModuleType


class Objects:
    """Registry that numbers objects, and keeps them alive, so that no ``id()`` is reused."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._kept: list[object] = []

    def number(self, value: object) -> int:
        """Return the number of an object; modules over one namespace have one number."""
        value = vars(value) if isinstance(value, ModuleType) else value
        if id(value) not in self._numbers:
            self._kept.append(value)
            self._numbers[id(value)] = len(self._kept)
        return self._numbers[id(value)]


def name_of(found: object) -> str:
    """Return the dotted path that an object has for itself."""
    if isinstance(found, ModuleType):
        return str(vars(found).get("__name__"))
    module, name = getattr(found, "__module__", ""), getattr(found, "__qualname__", "")
    return f"{module}.{name}" if module and name else repr(found)[:80]
