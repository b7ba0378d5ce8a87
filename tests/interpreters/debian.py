"""CPythons that Debian's archive has, in a folder of their own.

From the unstable suite come the released ones with their test suites; the free-threaded one is
built from a source package. All of it is kept. Each part has a mark once it is whole, whose name
has a digest of its recipe: what another recipe made is never taken for this one's.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.interpreters.chroot import CONTAINED, check_mounting, environment, install

FOLDER_KEY = "ENFORCER_INTERPRETERS"
"""The variable that names the folder to keep them in; ``none`` for none at all."""

SUITE = "sid"
TRUST = "ca-certificates"  # before the first download by apt
PACKAGES = ("gcc", "git", "libc6-dev", "make", "procps")
VERSIONS = ("3.13", "3.14", "3.15")
OF_VERSION = ("python{0}", "python{0}-dev", "python{0}-venv", "libpython{0}-testsuite")

FREE_THREADED = "3.13t"
SOURCE = ("trixie", "python3.13")
TOOLS = ("dpkg-dev", "pkgconf", "xz-utils")
LIBRARIES = (
    "libbz2-dev",
    "libffi-dev",
    "liblzma-dev",
    "libsqlite3-dev",
    "libssl-dev",
    "zlib1g-dev",
)
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
PREFIX = "/opt/python3.13t"
BUILD = f"""\
rm -rf /opt/source; mkdir -p /opt/source/build; cd /opt/source
apt-get source --download-only -qy {SOURCE[1]}
tar -xf {SOURCE[1]}_*.orig.tar.xz -C build --strip-components 1
cd build
./configure -q --prefix={PREFIX} --disable-gil OPT="-DNDEBUG -O2"
make -s -j"$(nproc)"
make -s altinstall
rm -rf /opt/source
"""
RECIPES = dict.fromkeys(VERSIONS, (OF_VERSION,))
RECIPES |= {"base": (SUITE, TRUST, PACKAGES), FREE_THREADED: (SOURCE, TOOLS, LIBRARIES, BUILD)}
"""What the parts are made of."""

MIRROR = re.compile(r"^[^#\n]*?(https?://\S+/debian)/?(?=\s|$)", re.MULTILINE)
SETTINGS_OF_APT = re.compile(r"Acquire::(?:https?|Check|Retries)")


class NotHereError(Exception):
    """This machine can't have Debian's CPythons; that is no fault."""


class BringingError(Exception):
    """A step failed that should have worked."""


class Debian:
    """A folder with Debian's CPythons.

    Attributes:
        folder: where everything is kept.
        root: the Debian in it.
        missing: what could not be brought, and why, by version.

    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is made yet."""
        self.folder = folder
        self.root = folder / _digest("base")
        self.missing: dict[str, str] = {}

    def paths(self) -> dict[str, str]:
        """Return the path inside of each CPython that is whole, by version."""
        places = {version: f"/usr/bin/python{version}" for version in VERSIONS}
        places[FREE_THREADED] = f"{PREFIX}/bin/python{FREE_THREADED}"
        return {version: path for version, path in places.items() if self._mark(version).exists()}

    def bring(self) -> None:
        """Bring what is not there yet.

        Raises:
            BringingError: if there can't be any.
            MountingRefusedError: if nothing can be mounted.

        """
        check_mounting()
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            is_fresh = not self._mark("base").exists()
            if is_fresh:
                self._bootstrap()
            wanted = [part for part in RECIPES if not self._mark(part).exists()]
            if wanted and not is_fresh:
                self._inside("apt-get", "update", "-q")
            released = [version for version in VERSIONS if version in wanted]
            if released:
                self._install_versions(released)
            if FREE_THREADED in wanted:
                self._build_free_threaded()

    def _mark(self, part: str) -> Path:
        return self.root / "var" / "lib" / "enforcer" / f"{part}-{_digest(part)}"

    def _finish(self, part: str) -> None:
        self._mark(part).parent.mkdir(parents=True, exist_ok=True)
        self._mark(part).touch()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Serialise clones that bring at the same time."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _bootstrap(self) -> None:
        if shutil.which("debootstrap") is None:
            self._run(["apt-get", "update", "-q"])
            self._run(["apt-get", "install", "-qy", "debootstrap"])
        shutil.rmtree(self.root, ignore_errors=True)
        # debootstrap mounts /proc while it works: in a namespace of its own, as everything here.
        command = ["debootstrap", "--variant=minbase", f"--include={TRUST}", SUITE]
        self._run([*CONTAINED, *command, str(self.root), mirror()])
        settings = self.root / "etc" / "apt" / "apt.conf.d" / "99enforcer"
        settings.write_text(_settings_of_apt(), encoding="utf-8")
        source = self.root / "etc" / "apt" / "sources.list.d" / "source.list"
        source.write_text(f"deb-src [signed-by={KEYS}] {mirror()} {SOURCE[0]} main\n")
        self._inside("apt-get", "update", "-q")
        self._install(PACKAGES)
        self._finish("base")

    def _install_versions(self, versions: list[str]) -> None:
        """Install all at once, or one by one where that fails: the archive may lack one."""
        try:
            self._install([name.format(version) for version in versions for name in OF_VERSION])
        except BringingError as error:
            if len(versions) == 1:
                self.missing[versions[0]] = str(error)
                return
            for version in versions:
                self._install_versions([version])
            return
        for version in versions:
            self._finish(version)

    def _build_free_threaded(self) -> None:
        try:
            self._install([*TOOLS, *LIBRARIES])
            self._inside("rm", "-rf", PREFIX)
            self._inside("bash", "-euc", BUILD)
        except BringingError as error:
            self.missing[FREE_THREADED] = str(error)
            return
        self._finish(FREE_THREADED)

    def _install(self, packages: list[str] | tuple[str, ...]) -> None:
        self._inside("apt-get", "install", "-qy", "--no-install-recommends", *packages)

    def _inside(self, *command: str) -> None:
        self._run(install(self.root, list(command)), said=command)

    def _run(self, command: list[str], *, said: tuple[str, ...] = ()) -> None:
        with (self.folder / "log").open("a+", encoding="utf-8", errors="replace") as log:
            began = log.seek(0, os.SEEK_END)
            done = subprocess.run(
                command,
                check=False,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            if done.returncode:
                words = " ".join((said or tuple(command))[:2])
                message = f"{words} ended with {done.returncode}: {_last_error(log, began)}"
                message += f" (see {log.name})"
                raise BringingError(message)


def _digest(part: str) -> str:
    return hashlib.sha256(repr(RECIPES[part]).encode()).hexdigest()[:12]


def _last_error(log: IO[str], began: int) -> str:
    log.seek(began)
    lines = [line.strip() for line in log if line.strip()]
    errors = [line for line in lines if re.match(r"E: |.*\b[Ee]rror\b", line)]
    return (errors or lines or ["it said nothing"])[-1]


def mirror() -> str:
    """Return the archive that this machine's apt uses.

    Raises:
        BringingError: if its sources name none.

    """
    places = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for place in places:
        if place.suffix in (".list", ".sources"):
            found = MIRROR.search(place.read_text(encoding="utf-8") if place.exists() else "")
            if found:
                return found[1]
    message = "the sources in /etc/apt name no archive of Debian"
    raise BringingError(message)


def _settings_of_apt() -> str:
    """Return what this machine's apt knows of its way to the archive."""
    command = ["apt-config", "dump", "--format", '%F "%v";%n']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    kept = [line for line in done.stdout.splitlines() if SETTINGS_OF_APT.match(line)]
    # A mirror may lag behind: its signatures are checked, its date is not.
    return "\n".join([*kept, 'Acquire::Check-Valid-Until "false";', ""])


def find_debian() -> Debian:
    """Return where this user's are kept, or are to be.

    Raises:
        NotHereError: if this machine can't have any.

    """
    named = os.environ.get(FOLDER_KEY, "")
    if named == "none":
        message = f"{FOLDER_KEY} is none"
        raise NotHereError(message)
    if (
        not Path("/etc/debian_version").exists()
        or platform.freedesktop_os_release()["ID"] != "debian"
    ):
        message = "this is no Debian"
        raise NotHereError(message)
    if os.geteuid():
        message = "this is not root"
        raise NotHereError(message)
    return Debian(Path(named or "/var/cache/enforcer-interpreters").absolute())
