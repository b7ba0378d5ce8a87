"""Detection of folders whose files do not outlive their container."""

import os
from _io import FileIO

_MOUNTS = "/proc/self/mountinfo"
# File systems of a container's writable layer, and those in memory.
_OF_CONTAINER = {
    "aufs": "the container's own file system",
    "fuse-overlayfs": "the container's own file system",
    "overlay": "the container's own file system",
    "ramfs": "memory",
    "tmpfs": "memory",
}


def why_not_kept(file: str) -> str:
    """Return why a file does not outlive its container; empty if it does, or if that is unknown.

    Reads one file, and never raises.

    Args:
        file: an absolute path; the file and its folder need not exist.

    """
    try:
        with FileIO(_MOUNTS) as mounts:
            lines = mounts.readall().decode("utf-8", "surrogateescape").splitlines()
        folder = os.path.realpath(os.path.dirname(file))
        return _judged(folder, lines)
    except Exception:  # noqa: BLE001 - no Linux, or a line of another kind
        return ""


def _judged(folder: str, lines: list[str]) -> str:
    """Return why by the mount that contains a folder; of two mounts at one place the later wins."""
    best, why = "", ""
    for line in lines:
        # proc_pid_mountinfo(5): 36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/x rw
        fields, _, kind = line.partition(" - ")
        point, options = fields.split(" ")[4:6]
        point = point.replace("\\040", " ").rstrip("/") + "/"
        if f"{folder}/".startswith(point) and len(point) >= len(best):
            place = _OF_CONTAINER.get(kind.partition(" ")[0], "")
            why = f"lies in {place}" if place else ""
            if "ro" in options.split(","):
                why = "lies in a file system that is read-only"
            best = point
    return why
