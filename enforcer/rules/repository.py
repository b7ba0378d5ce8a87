"""Name files so that the name is the same on every machine: from the map's root.

A file below the root is named from there (``shop/cart.py``). So is a file elsewhere in the
root's repository (``../tests/test_cart.py``): a name from the repository's top could be the name
of another file below the root. All other files have no such name.
"""

import os

_MARKS = (".git", ".hg")
_SITE_FOLDERS = ("/site-packages/", "/dist-packages/")


def top_of(root: str, map_file: str = "") -> str:
    """Return the top folder of the repository that a map's root lies in.

    Without a repository (an image that was built without it) it is the folder that holds both
    the root and the map.
    """
    folder = root = os.path.abspath(root or os.curdir)
    while not any(os.path.exists(os.path.join(folder, mark)) for mark in _MARKS):
        parent = os.path.dirname(folder)
        if parent == folder:
            around = os.path.dirname(os.path.abspath(map_file)) if map_file else root
            return os.path.commonpath((root, around))
        folder = parent
    return folder


def is_below(file: str, folder: str) -> bool:
    """Return whether an absolute path lies below a folder."""
    return file.startswith(folder.rstrip("/") + "/")


def is_installed(file: str) -> bool:
    """Return whether a file is one of an installed package, by its path."""
    return any(folder in f"/{file}" for folder in _SITE_FOLDERS)


def is_of_one_machine(file: str) -> bool:
    """Return whether a caller's file has a name that another machine need not know."""
    return os.path.isabs(file) and not is_installed(file)


def is_portable(file: str) -> bool:
    """Return whether a caller's file has a name, and one that is the same on every machine."""
    return not file.startswith("<") and not is_of_one_machine(file)
