"""Number the objects of a program, and name them."""

from types import ModuleType


class Objects:
    """Number objects, and keep them, so that no number is given twice."""

    def __init__(self) -> None:
        """Begin with 1; nothing has no number."""
        self._numbers: dict[int, int] = {}
        self._kept: list[object] = []

    def number(self, value: object) -> int:
        """Give the number of an object; modules over one namespace have one number."""
        value = vars(value) if isinstance(value, ModuleType) else value
        if id(value) not in self._numbers:
            self._kept.append(value)
            self._numbers[id(value)] = len(self._kept)
        return self._numbers[id(value)]


def name_of(found: object) -> str:
    """Give the path of an object, as it says itself."""
    if isinstance(found, ModuleType):
        return str(vars(found).get("__name__"))
    module, name = getattr(found, "__module__", ""), getattr(found, "__qualname__", "")
    return f"{module}.{name}" if module and name else repr(found)[:80]
