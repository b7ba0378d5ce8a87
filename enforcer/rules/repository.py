"""Name files so that the name is the same on every machine: from the map's root.

A file below the root is named from there (``shop/cart.py``). So is a file elsewhere in the
root's repository (``../tests/test_cart.py``): a name from the repository's top could be the name
of another file below the root. All other files have no such name.

Names have forward slashes on Windows, too: the map, the baseline and stores are shared by machines.
"""

import os

_MARKS = (".git", ".hg")
SITE_FOLDERS = frozenset({"dist-packages", "site-packages"})
"""The names of folders that installers put packages into."""


def with_slashes(path: str) -> str:
    """Return a path of this machine as files are named: with forward slashes."""
    return path if os.sep == "/" else path.replace(os.sep, "/")


def is_absolute(file: str) -> bool:
    """Return whether a caller's file is named by an absolute path, of whichever system."""
    return file.startswith("/") or file[1:3] == ":/"  # C:/…: a store may be read elsewhere


def top_of(root: str, map_file: str = "") -> str:
    """Return the top folder of the repository that a map's root lies in.

    Without a repository (an image that was built without it) it is the folder that holds both
    the root and the map.
    """
    folder = root = os.path.abspath(root or os.curdir)
    while not any(os.path.exists(os.path.join(folder, mark)) for mark in _MARKS):
        parent = os.path.dirname(folder)
        if parent == folder:
            return _around(root, os.path.dirname(os.path.abspath(map_file)) if map_file else root)
        folder = parent
    return folder


def _around(root: str, other: str) -> str:
    """Return the folder that holds two folders, or the first where only the whole disk does."""
    try:
        around = os.path.commonpath((root, other))
    except ValueError:  # two drives
        return root
    return root if os.path.dirname(around) == around else around


def is_below(file: str, folder: str) -> bool:
    """Return whether a file lies below a folder.

    Args:
        file: an absolute path with forward slashes.
        folder: an absolute path of this machine.

    """
    return file.startswith(with_slashes(folder).rstrip("/") + "/")


def is_installed(file: str) -> bool:
    """Return whether a file is one of an installed package, by its path."""
    return any(f"/{folder}/" in f"/{file}" for folder in SITE_FOLDERS)


def is_of_one_machine(file: str) -> bool:
    """Return whether a caller's file has a name that another machine need not know."""
    return is_absolute(file) and not is_installed(file)


def is_portable(file: str) -> bool:
    """Return whether a caller's file has a name, and one that is the same on every machine."""
    return not file.startswith("<") and not is_of_one_machine(file)
