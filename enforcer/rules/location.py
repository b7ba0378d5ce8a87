"""Find the migration map of a folder; it is not read here."""

import os

from enforcer.rules.regular_files import is_trusted, read_trusted

MAP_FILE = "enforcer.toml"
PROJECT_FILE = "pyproject.toml"

_PROJECT_TABLES = (b"[tool.enforcer]", b"[tool.enforcer.", b"[[tool.enforcer.")


def find_map(folder: str) -> str | None:
    """Return the migration map of a folder: in it, or in a folder above.

    In each folder ``enforcer.toml`` comes first, then a ``pyproject.toml`` with a table
    ``[tool.enforcer]``. A file that another user may have put there, as above every folder in
    ``/tmp``, is ignored: a map makes the program import and call what it names.
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
    """Return whether a project file's document has the enforcer's table."""
    tool = document.get("tool")
    return isinstance(tool, dict) and "enforcer" in tool


def _speaks_of_enforcer(path: str) -> bool:
    """Return whether a project file has the enforcer's table, or was meant to."""
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
        # Invalid TOML, but meant for the enforcer: the user should see the error of reading it.
        return any(line.strip().startswith(_PROJECT_TABLES) for line in data.splitlines())
