"""Find the migration map that holds for a folder; it is not read here, nor judged."""

import os

from enforcer.rules.regular import is_trusted, read_trusted

MAP_FILE = "enforcer.toml"
PROJECT_FILE = "pyproject.toml"

_PROJECT_TABLES = (b"[tool.enforcer]", b"[tool.enforcer.", b"[[tool.enforcer.")


def find_map(folder: str) -> str | None:
    """Find the migration map that holds for a folder: there, or in a folder above.

    In each folder ``enforcer.toml`` comes first, then a ``pyproject.toml`` that has a
    table ``[tool.enforcer]``. One that a stranger may have put there, as above every folder in
    ``/tmp``, is passed over: a map has the program import and call what it names.
    """
    folder = os.path.abspath(folder)
    while True:
        own = os.path.join(folder, MAP_FILE)
        if os.path.isfile(own) and is_trusted(own):
            return own
        project = os.path.join(folder, PROJECT_FILE)
        if _speaks_of_enforcer(project):
            return project
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def has_table(document: dict[str, object]) -> bool:
    """Tell whether a project file's document has the enforcer's table."""
    tool = document.get("tool")
    return isinstance(tool, dict) and "enforcer" in tool


def _speaks_of_enforcer(path: str) -> bool:
    """Tell whether a project file has the enforcer's table, or meant to have it."""
    try:
        data = read_trusted(path)
    except OSError:
        return False
    if b"enforcer" not in data:
        return False
    import tomllib  # most project files don't get here

    try:
        return has_table(tomllib.loads(data.decode("utf-8")))
    except ValueError:
        # Broken, but the enforcer's: the error that reading it gives is worth seeing.
        return any(line.strip().startswith(_PROJECT_TABLES) for line in data.splitlines())
