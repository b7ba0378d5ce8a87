"""Classify files by their labels (below the root, installed, portable), and find the repository.

A file below the root has a relative label (``shop/cart.py``). So has a file elsewhere in the root's
repository (``../tests/test_cart.py``): a label from the repository's top could equal the label of
another file below the root. All other files have no such label.

Labels have forward slashes on Windows, too: machines share the map, the baseline and stores.
"""

import os

_MARKS = (".git", ".hg")
SITE_FOLDERS = ("site-packages", "dist-packages")
"""The names of folders that installers put packages into."""


def with_slashes(path: str) -> str:
    """Return a path of this machine with forward slashes."""
    return path if os.sep == "/" else path.replace(os.sep, "/")


def is_absolute(file: str) -> bool:
    """Return whether a caller's file has an absolute path, of any system."""
    # C:/… as well: a store may be read on another system than it was written on.
    return file.startswith("/") or file[1:3] == ":/"


def top_of(root: str, map_file: str = "") -> str:
    """Return the top folder of the repository that contains a map's root.

    Without a repository (as in a container image) it is the folder that contains both the root
    and the map.
    """
    folder = root = os.path.abspath(root or os.curdir)
    while not any(os.path.exists(os.path.join(folder, mark)) for mark in _MARKS):
        parent = os.path.dirname(folder)
        if parent == folder:
            return _around(root, os.path.dirname(os.path.abspath(map_file)) if map_file else root)
        folder = parent
    return folder


def _around(root: str, other: str) -> str:
    """Return the common folder of two folders; the first one if they only share the disk."""
    try:
        around = os.path.commonpath((root, other))
    except ValueError:  # two drives
        return root
    return root if os.path.dirname(around) == around else around


def is_below(file: str, folder: str) -> bool:
    """Return whether a file is below a folder.

    Args:
        file: an absolute path with forward slashes.
        folder: an absolute path of this machine.

    """
    return file.startswith(with_slashes(folder).rstrip("/") + "/")


def is_installed(file: str) -> bool:
    """Return whether a file belongs to an installed package, by its path."""
    return any(f"/{folder}/" in f"/{file}" for folder in SITE_FOLDERS)


def inner(file: str) -> str:
    """Return the path of installed code from its site folder on; other paths stay."""
    for folder in SITE_FOLDERS:
        file = file.rpartition(f"/{folder}/")[2]
    return file


def is_of_one_machine(file: str) -> bool:
    """Return whether a caller's file has a label that only this machine knows."""
    return is_absolute(file) and not is_installed(file)


def is_portable(file: str) -> bool:
    """Return whether a caller's file has a label, and one that is the same on every machine."""
    return not file.startswith("<") and not is_of_one_machine(file)
