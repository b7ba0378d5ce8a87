"""Make the folder ``.enforcer`` beside a map, which version control leaves alone."""

import os

OWN_FOLDER = ".enforcer"

_IGNORE = "# Made by enforcer: what is recorded here is of this machine alone.\n*\n"


def ignore(folder: str) -> None:
    """Have git ignore a folder if it is the enforcer's own; what is there stays.

    It never raises: a folder that can't be written is somebody else's matter.
    """
    if os.path.basename(folder) != OWN_FOLDER:
        return
    try:
        descriptor = os.open(
            os.path.join(folder, ".gitignore"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644
        )
    except OSError:
        return
    try:
        os.write(descriptor, _IGNORE.encode())
    except OSError:
        return
    finally:
        os.close(descriptor)
