"""Write a ``.gitignore`` into the folder ``.enforcer`` beside a map."""

import os

OWN_FOLDER = ".enforcer"

_IGNORE = "# Made by enforcer: what is recorded here is of this machine alone.\n*\n"


def ignore(folder: str) -> None:
    """Write a ``.gitignore`` into the enforcer's own folder, unless it exists.

    It never raises: a folder that can't be written is reported elsewhere.
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
