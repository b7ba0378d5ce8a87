"""Walk over a project's own Python files."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_FOREIGN_FOLDERS: Final = frozenset(("__pycache__", "node_modules", "site-packages"))
_VENV_MARK: Final = "pyvenv.cfg"
_SUFFIXES: Final = (".py", ".pyw")


def own_files(root: Path, suffixes: tuple[str, ...] = _SUFFIXES) -> Iterator[Path]:
    """Give every Python file below a root, in order, without those of others.

    Hidden folders, virtual environments, ``node_modules`` and ``site-packages`` are the
    work of others; links to folders are not followed.
    """
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if _is_own(folder, name))
        for name in sorted(files):
            if name.endswith(suffixes):
                yield Path(folder, name)


def module_names(file: Path, search: Sequence[str]) -> tuple[str, ...]:
    """Give the dotted paths under which a file may be imported, the likeliest first.

    Without running the program it isn't known which folder was on its path: the packages
    around the file (folders with an ``__init__.py``) give one path, the folders of the
    search path that hold it give others.
    """
    top = file.parent
    while (top / "__init__.py").is_file():
        top = top.parent
    bases = [top] if str(top) in search else []
    inside = [Path(folder) for folder in search if file.is_relative_to(folder)]
    bases += sorted(inside, key=lambda folder: len(folder.parts), reverse=True)
    bases.append(top)
    names = [_dotted(file.relative_to(base)) for base in bases]
    return tuple(dict.fromkeys(name for name in names if name))


def _is_own(folder: str, name: str) -> bool:
    if name.startswith(".") or name in _FOREIGN_FOLDERS:
        return False
    return not Path(folder, name, _VENV_MARK).exists()


def _dotted(file: Path) -> str:
    parts = [*file.parts[:-1], file.stem]
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""
