"""Files that are written whole or not at all."""

import os

from enforcer.rules.store_address import remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def replace(file: str, write: "Callable[[str], object]") -> None:
    """Write a draft beside a file, and rename it to the file.

    A reader sees the old file or the new one. Processes that write at the same time have drafts of
    their own, and the last rename wins.

    Args:
        file: absolute path of the file.
        write: writes the draft at the path that it gets.

    Raises:
        OSError: if it can't be written; then the file is as it was.

    """
    folder, name = os.path.split(file)
    draft = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        write(draft)
        os.replace(draft, file)
    except BaseException:
        remove(draft)
        raise


def write_new(file: str, data: bytes, mode: int = 0o666) -> None:
    """Write a file that is not there yet.

    Raises:
        OSError: if there is one, or it can't be written whole.

    """
    # O_EXCL: a stranger may have put a link to some other file there.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as opened:
        opened.write(data)
