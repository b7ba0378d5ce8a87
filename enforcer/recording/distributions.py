"""Find the installed distribution that a file belongs to.

The ``*.dist-info`` folders are read directly, as their specification allows, and not by
``importlib.metadata``, which imports ``threading``: on 3.11 and 3.12 the thread that imports
``threading`` first is taken for the main thread, and this runs in the reporter's.
"""

import os
import sys

from enforcer.rules.regular_files import read_regular
from enforcer.rules.repository import SITE_FOLDERS, is_absolute, with_slashes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

METADATA = (".dist-info", ".egg-info")
MAX_ANSWERS = 4096


class _Distribution:
    # One installed distribution, by its metadata folder (or old single-file metadata).

    __slots__ = ("folder", "name", "tops")

    def __init__(self, folder: str, name: str) -> None:
        self.folder = folder
        self.name = name
        self.tops = frozenset(self._top_levels())

    def files(self) -> "Iterator[str]":
        # RECORD is CSV, and only paths with a comma or a quote are quoted.
        for row in _lines(f"{self.folder}/RECORD"):
            if row.startswith('"'):
                yield row[1:].partition('",')[0].replace('""', '"')
            else:
                yield row.partition(",")[0]

    def _top_levels(self) -> "Iterator[str]":
        for file in self.files():
            yield file.partition("/")[0]
        for top in _lines(f"{self.folder}/top_level.txt") or [self.name.replace("-", "_")]:
            yield top
            yield f"{top}.py"


_answers: dict[str, str] = {}
_sites: dict[str, list[_Distribution]] = {}
_editables: dict[str, list[tuple[str, str]]] = {}


def distribution_of(file: str) -> str:
    """Return the name of the installed distribution that owns a file, or an empty string.

    A file in a ``site-packages`` folder, or in any other folder on ``sys.path`` with metadata in
    it, belongs to the distribution whose ``RECORD`` lists it. If none lists it, it belongs to the
    only distribution that owns its top-level package. A file of an editable install belongs to the
    distribution whose project folder contains it.

    It reads files, and never raises. Don't call it from an importing thread.

    Args:
        file: an absolute path with forward slashes; any other text returns an empty string.

    """
    answer = _answers.get(file)
    if answer is None:
        try:
            answer = _find(file)
        except Exception:  # noqa: BLE001 - broken metadata must not stop a report
            answer = ""
        if len(_answers) >= MAX_ANSWERS:
            _answers.clear()
        _answers[file] = answer
    return answer


def forget() -> None:
    """Clear the caches, because a distribution was installed since."""
    _answers.clear()
    _sites.clear()
    _editables.clear()


def _find(file: str) -> str:
    if not is_absolute(file):
        return ""
    folder = _site_folder(file)
    if folder:
        return _owner(folder, file[len(folder) + 1 :])
    return _editable_owner(file)


def _site_folder(file: str) -> str:
    ends = [file.rfind(f"/{name}/") + len(name) + 1 for name in SITE_FOLDERS if f"/{name}/" in file]
    if ends:
        return file[: max(ends)]
    folder = max(
        (path for path in _search_path() if file.startswith(path + "/")), key=len, default=""
    )
    return folder if folder and _distributions(folder) else ""


def _search_path() -> list[str]:
    entries = [entry for entry in sys.path if isinstance(entry, str) and entry]
    return [with_slashes(entry).rstrip("/") for entry in entries]


def _owner(folder: str, inner: str) -> str:
    top = inner.partition("/")[0]
    if top.endswith(".egg"):
        return top.partition("-")[0]
    candidates = [found for found in _distributions(folder) if top in found.tops]
    if len(candidates) > 1:
        exact = [found for found in candidates if inner in found.files()]
        candidates = exact or candidates
    return candidates[0].name if len(candidates) == 1 else ""


def _editable_owner(file: str) -> str:
    best = ("", "")
    for folder in _search_path():
        if folder.endswith(SITE_FOLDERS):
            for project, name in _editable_projects(folder):
                if file.startswith(project) and len(project) > len(best[0]):
                    best = (project, name)
    return best[1]


def _distributions(folder: str) -> list[_Distribution]:
    found = _sites.get(folder)
    if found is None:
        with os.scandir(folder) as entries:
            metadata = sorted(entry.path for entry in entries if entry.name.endswith(METADATA))
        found = _sites[folder] = [
            _Distribution(path, name) for path in metadata if (name := _name(path))
        ]
    return found


def _name(folder: str) -> str:
    # The first header "Name", which is near the top of METADATA and PKG-INFO.
    for file in (f"{folder}/METADATA", f"{folder}/PKG-INFO", folder):
        for line in _lines(file):
            if line.startswith("Name:"):
                return line[len("Name:") :].strip()
    return ""


def _editable_projects(folder: str) -> list[tuple[str, str]]:
    found = _editables.get(folder)
    if found is None:
        projects = ((_editable_project(each.folder), each.name) for each in _distributions(folder))
        found = _editables[folder] = [(project, name) for project, name in projects if project]
    return found


def _editable_project(folder: str) -> str:
    text = "\n".join(_lines(f"{folder}/direct_url.json"))
    if "editable" not in text:
        return ""
    from json import loads
    from urllib.parse import unquote

    origin = loads(text)
    scheme, _, path = str(origin.get("url", "")).partition("://")
    if scheme != "file" or not origin.get("dir_info", {}).get("editable"):
        return ""
    folder = unquote(path)
    # file:///C:/shop has a slash before the drive.
    return folder.removeprefix("/" if folder[2:4] == ":/" else "").rstrip("/") + "/"


def _lines(path: str) -> list[str]:
    try:
        return read_regular(path).decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
