"""Commands inside of a folder that holds a whole Debian.

What has to be mounted is mounted in a mount namespace of the command's own: two clones never
meet there, and all of it vanishes with the command's last process, however that ends.
"""

import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

SYSTEM = ("/dev", "/proc", "/etc/hosts", "/etc/resolv.conf")
# The machine's own folder for temporary files, so that paths in it are the same everywhere.
SETTINGS = ("/tmp", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt", "/etc/xdg/pip")  # noqa: S108
OF_USER = (".cache/pip", ".config/pip", ".netrc", ".pip")
NAMED_BY = ("PIP_CONFIG_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "TMPDIR")
"""Variables that name files; what pip's own variables name is among its settings."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LEFT_OUT = ("LC_", "PYENV", "PYTHON", "VIRTUAL_ENV")

# What is bound has the same path inside. The home folder is empty at each start.
ENTER = """\
root=$1 home=$2 folder=$3; shift 3
bind() {
    if [ -d "$1" ]; then mkdir -p "$root$1"
    else mkdir -p "$root${1%/*}"; [ -e "$root$1" ] || : >"$root$1"; fi
    mount --rbind "$1" "$root$1"
}
mkdir -p "$root$home"
mount -t tmpfs -o mode=700 home "$root$home"
while [ "$1" != -- ]; do bind "$1"; shift; done
shift
exec chroot "$root" /usr/bin/env -C "$folder" "$@"
"""
PRIVATE = ("unshare", "--mount", "--propagation", "private")
# Processes of its own as well: all of them end with the first. For tests it would not do, as
# nobody there waits for orphans.
CONTAINED = (*PRIVATE, "--pid", "--fork", "--kill-child", "--mount-proc")


class MountingRefusedError(Exception):
    """Nothing can be mounted here, not even for one process."""


def check_mounting() -> None:
    """Raise an error if this process may not mount.

    Raises:
        MountingRefusedError: with what the kernel says.

    """
    command = [*PRIVATE, "mount", "-t", "tmpfs", "none", tempfile.gettempdir()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[:1]
        message = (
            f"mounting is refused here ({''.join(said) or 'unshare failed'}). Debian's CPythons "
            "run in a folder of their own, which needs root with CAP_SYS_ADMIN: a container has "
            "to be started with it"
        )
        raise MountingRefusedError(message)


def enter(root: Path, command: list[str], *, project: Path, folder: Path) -> list[str]:
    """Return the command that runs another one inside of a Debian, with a project.

    Args:
        root: the folder that holds the Debian.
        command: what to run there.
        project: a folder to have there under its own path.
        folder: where to run the command.

    """
    home = str(Path.home())
    wanted = [*SYSTEM, *SETTINGS, *(f"{home}/{name}" for name in OF_USER)]
    wanted += [os.environ[name] for name in NAMED_BY if name in os.environ]
    wanted += files_of_pip()
    return [*PRIVATE, *_enter(root, [*wanted, str(project)], str(folder), command)]


@cache
def files_of_pip() -> list[str]:
    """Return the files and folders that pip's settings name: certificates, indexes, wheels."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    words = re.split(r"[\s'\"=]|\\n", done.stdout)
    named = [word for word in words if word.startswith("/")]
    for index in (word.removeprefix("file://") for word in words if word.startswith("file:///")):
        # The pages of an index link to files beside it.
        beside = Path(index).parent
        named.append(index if beside == Path("/") else str(beside))
    return named


def install(root: Path, command: list[str]) -> list[str]:
    """Return the command that runs one which changes a Debian.

    It sees nothing of pip's settings: a file that is mounted can't be replaced.

    Args:
        root: the folder that holds the Debian.
        command: what to run there.

    """
    return [*CONTAINED, *_enter(root, list(SYSTEM), "/", command)]


def _enter(root: Path, wanted: list[str], folder: str, command: list[str]) -> list[str]:
    bound = [path for path in dict.fromkeys(wanted) if path != "/" and Path(path).exists()]
    words = ["bash", "-euc", ENTER, "enter", str(root), str(Path.home()), folder]
    return [*words, *bound, "--", *command]


def environment() -> dict[str, str]:
    """Return this process's environment as it suits programs inside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    git = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    return {**kept, **git, "DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8", "PATH": PATH}
