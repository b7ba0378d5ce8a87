"""A project's own Python files: the walk over them, their module names, and exclusions."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from pathspec import GitIgnoreSpec

from enforcer.errors import EnforcerError
from enforcer.rules.git import ask_git
from enforcer.rules.model import MigrationMap

_FOREIGN_FOLDERS: Final = frozenset(("__pycache__", "node_modules", "site-packages"))
_VENV_MARK: Final = "pyvenv.cfg"
_SUFFIXES: Final = (".py", ".pyw")
_TIMEOUT: Final = 60.0


def own_files(
    root: Path,
    suffixes: tuple[str, ...] = _SUFFIXES,
    *,
    exclude: GitIgnoreSpec | None = None,
    on_error: Callable[[OSError], object] | None = None,
) -> Iterator[Path]:
    """Yield every Python file below a root, in order, without third-party files.

    Hidden folders, virtual environments, ``node_modules``, ``site-packages``, and what git ignores
    are third-party; links to folders are not followed.

    Args:
        root: the folder.
        suffixes: the suffixes of the files' names.
        exclude: what to leave out beyond that, see :func:`exclusions`.
        on_error: called with the error of each folder that can't be listed.

    """
    ignored = _ignored_by_git(root)
    for folder, folders, files in os.walk(root, onerror=on_error):
        inside = Path(folder).relative_to(root).as_posix()
        prefix = "" if inside == "." else f"{inside}/"

        def is_left_out(name: str, prefix: str = prefix) -> bool:
            path = f"{prefix}{name}"
            return path in ignored or (exclude is not None and exclude.match_file(path))

        folders[:] = sorted(
            name for name in folders if _is_own(folder, name) and not is_left_out(f"{name}/")
        )
        for name in sorted(files):
            if name.endswith(suffixes) and not is_left_out(name):
                yield Path(folder, name)


def module_names(file: Path, search: Sequence[str]) -> tuple[str, ...]:
    """Return the dotted paths under which a file may be imported, the likeliest first.

    Without running the program it is unknown which folder was on its path: the packages around the
    file (folders with an ``__init__.py``) suggest one path, the folders of the search path that
    contain it suggest others.
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


def exclusions(migration_map: MigrationMap) -> GitIgnoreSpec:
    """Return the patterns of files that a map leaves out, as in a ``.gitignore`` in its root.

    Raises:
        EnforcerError: if a pattern can't be parsed.

    """
    for pattern in migration_map.exclude:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError as error:
            message = (
                f'{migration_map.path}: exclude: "{pattern}" is no pattern. Write it as in a '
                '.gitignore, such as exclude = ["generated/", "*_pb2.py"] (bad-exclude)'
            )
            raise EnforcerError(message) from error
    return GitIgnoreSpec.from_lines(migration_map.exclude)


def _ignored_by_git(root: Path) -> frozenset[str]:
    """Return what git ignores below a folder; folders end in a slash.

    Without git, or outside of a repository, nothing is ignored. Neither is anything in a root that
    is ignored as a whole: whoever checks it intends to.
    """
    words = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    # Git hooks run with variables that name a repository, which may not be the root's.
    environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    answer = ask_git(str(root), *words, timeout=_TIMEOUT, environ=environ)
    paths = frozenset(os.fsdecode(path) for path in (answer or b"").split(b"\0") if path)
    return frozenset() if "./" in paths else paths


def _dotted(file: Path) -> str:
    parts = [*file.parts[:-1], file.stem]
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""
