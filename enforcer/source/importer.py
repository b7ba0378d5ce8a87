"""Module that relative imports of a file are relative to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Importer:
    """The module that relative imports of a file are relative to.

    Attributes:
        module: the dotted path of the file.
        is_package: whether it is an ``__init__.py``.

    """

    module: str
    is_package: bool = False

    def resolve(self, level: int, path: str) -> str:
        """Return the absolute path of a relative one; empty if it leads out of the top package."""
        if not level:
            return path
        package = self.module.split(".")
        drop = level - self.is_package
        if drop >= len(package):
            return ""
        base = package[: len(package) - drop]
        return ".".join([*base, path] if path else base)
