"""A project's own Python files: the walk over them, their module names, and exclusions."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from enforcer.errors import EnforcerError
from enforcer.rules.git import ask_git, without_git_variables
from enforcer.rules.model import MigrationMap

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Stamp = tuple[int, int, int] | None
"""Time of the last change, size and inode of a file; None if they are unknown."""

_FOREIGN_FOLDERS: Final = frozenset(("__pycache__", "node_modules", "site-packages"))
_VENV_MARK: Final = "pyvenv.cfg"
_SUFFIXES: Final = (".py", ".pyw")
_TIMEOUT: Final = 60.0


def own_files(
    root: Path,
    suffixes: tuple[str, ...] = _SUFFIXES,
    *,
    exclude: "GitIgnoreSpec | None" = None,
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
    for file, _ in walk(str(root), lambda name: name.endswith(suffixes), exclude, on_error):
        yield Path(file)


def walk(
    root: str,
    is_wanted: Callable[[str], object],
    exclude: "GitIgnoreSpec | None" = None,
    on_error: Callable[[OSError], object] | None = None,
    paths: Iterable[str] | None = None,
) -> Iterator[tuple[str, Stamp]]:
    """Yield the files of :func:`own_files`, each with its status.

    Args:
        root: the folder.
        is_wanted: whether to yield files of a name.
        exclude: what to leave out beyond that, relative to the root.
        on_error: called with the error of each folder that can't be listed.
        paths: only these files, and what is below these folders; None for the root.

    """
    if paths is None:
        yield from _Walk(root, is_wanted, exclude, on_error).below(root)
        return
    walking: _Walk | None = None
    for path in dict.fromkeys(paths):
        if os.path.isdir(path):
            walking = walking or _Walk(root, is_wanted, exclude, on_error)
            yield from walking.below(path)
        elif is_wanted(os.path.basename(path)) and not _is_excluded(path, root, exclude):
            yield path, _stamp(path)


def _is_excluded(path: str, root: str, exclude: "GitIgnoreSpec | None") -> bool:
    inside = os.path.relpath(path, root)
    return exclude is not None and exclude.match_file(inside)


def _stamp(path: "str | os.DirEntry[str]") -> Stamp:
    try:
        status = os.stat(path) if isinstance(path, str) else path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class _Walk:
    """Walk over the folders of a project."""

    def __init__(
        self,
        root: str,
        is_wanted: Callable[[str], object],
        exclude: "GitIgnoreSpec | None",
        on_error: Callable[[OSError], object] | None,
    ) -> None:
        self._root = root
        self._is_wanted = is_wanted
        self._exclude = exclude
        self._on_error = on_error
        self._ignored = _ignored_by_git(root)

    def below(self, top: str) -> Iterator[tuple[str, Stamp]]:
        """Yield the files below a folder: first its own, then those of its folders, by name."""
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            try:
                # Listed as a whole: this generator may rest, or end early, and would keep the
                # folder open.
                with os.scandir(folder) as listed:
                    entries = sorted(listed, key=lambda entry: entry.name)
            except OSError as error:
                if self._on_error is not None:
                    self._on_error(error)
                continue
            inside = os.path.relpath(folder, self._root).replace(os.sep, "/")
            prefix = "" if inside == "." else f"{inside}/"
            # git answers for one repository: a submodule, or another one below, ignores by itself.
            if folder != self._root and any(entry.name == ".git" for entry in entries):
                self._ignored |= {prefix + path for path in _ignored_by_git(folder)}
            folders = []
            for entry in entries:
                if _is_folder(entry):
                    if not entry.is_symlink() and self._is_own(entry, prefix):
                        folders.append(entry.path)
                elif self._is_wanted(entry.name) and not self._is_left_out(prefix + entry.name):
                    yield entry.path, _stamp(entry)
            # The last one of a stack is the next: reversed, they come by name.
            waiting += reversed(folders)

    def _is_own(self, entry: "os.DirEntry[str]", prefix: str) -> bool:
        if entry.name.startswith(".") or entry.name in _FOREIGN_FOLDERS:
            return False
        if os.path.exists(os.path.join(entry.path, _VENV_MARK)):
            return False
        return not self._is_left_out(f"{prefix}{entry.name}/")

    def _is_left_out(self, path: str) -> bool:
        if path in self._ignored:
            return True
        return self._exclude is not None and self._exclude.match_file(path)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


class ModuleNamer:
    """Names of modules by their files.

    Without running the program it is unknown which folder was on its path: the packages around the
    file (folders with an ``__init__.py``) suggest one path, the folders of the search path that
    contain it suggest others.
    """

    def __init__(self, search: Sequence[str]) -> None:
        """Set the folders that modules are looked up in."""
        self._search = search
        self._bases: dict[str, list[str]] = {}

    def __call__(self, file: str) -> tuple[str, ...]:
        """Return the dotted paths under which a file may be imported, the likeliest first."""
        folder = os.path.dirname(file)
        if folder not in self._bases:
            self._bases[folder] = list(self._bases_of(folder))
        names = [_dotted(os.path.relpath(file, base)) for base in self._bases[folder]]
        return tuple(dict.fromkeys(name for name in names if name))

    def _bases_of(self, folder: str) -> Iterator[str]:
        top = folder
        # The root of a file system is its own parent.
        while os.path.isfile(os.path.join(top, "__init__.py")) and os.path.dirname(top) != top:
            top = os.path.dirname(top)
        if top in self._search:
            yield top
        inside = [
            base for base in self._search if f"{folder}{os.sep}".startswith(f"{base}{os.sep}")
        ]
        yield from sorted(inside, key=lambda base: base.count(os.sep), reverse=True)
        yield top


def exclusions(migration_map: MigrationMap) -> "GitIgnoreSpec | None":
    """Return the patterns of files that a map leaves out, as in a ``.gitignore``; None for none.

    Raises:
        EnforcerError: if a pattern can't be parsed.

    """
    if not migration_map.exclude:
        return None
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - slow to load

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


def _ignored_by_git(root: str) -> frozenset[str]:
    """Return what git ignores below a folder; folders end in a slash.

    Without git, or outside of a repository, nothing is ignored. Neither is anything in a root that
    is ignored as a whole: whoever checks it intends to.
    """
    # --directory names an ignored folder alone, instead of each of the thousands of files in it.
    words = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    answer = ask_git(root, *words, timeout=_TIMEOUT, environ=without_git_variables())
    paths = frozenset(os.fsdecode(path) for path in (answer or b"").split(b"\0") if path)
    return frozenset() if "./" in paths else paths


def _dotted(file: str) -> str:
    parts = os.path.splitext(file)[0].split(os.sep)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""
