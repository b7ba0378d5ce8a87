"""Debian's CPythons: what is mounted vanishes, what is refused is said, what is whole is kept."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance import everywhere
from tests.interpreters import debian
from tests.interpreters.chroot import MountingRefusedError, check_mounting, enter
from tests.interpreters.debian import BringingError, Debian
from tests.interpreters.finding import PROJECT, Interpreter, describe, own
from tests.patience import PATIENCE

BRING = (sys.executable, "-m", "tests.interpreters")


def mounts() -> str:
    return Path("/proc/self/mounts").read_text(encoding="utf-8")


def can_mount() -> bool:
    try:
        check_mounting()
    except (MountingRefusedError, OSError):
        return False
    return True


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"needs {program}")


needs_mounting = pytest.mark.skipif(not can_mount(), reason="needs root that may mount")
needs_debian = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or not Path("/etc/debian_version").exists(),
    reason="needs root on Debian",
)


def bring(*before: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, *BRING],
        cwd=PROJECT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.mark.process
@needs_debian
@needs("setpriv")
def test_mounting_that_is_refused_is_one_error(tmp_path: Path) -> None:
    """As in a container that was started without the right to."""
    before = mounts()
    drop = ("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin")
    done = bring(*drop, ENFORCER_INTERPRETERS=str(tmp_path / "kept"))

    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "mounting is refused here" in errors[0]
    assert (done.returncode, done.stderr) == (1, "")
    assert own().name in done.stdout
    assert mounts() == before
    assert not (tmp_path / "kept").exists()


def can_be_nobody() -> bool:
    """Return whether a user namespace can be made, which is refused in a chroot."""
    unshare = shutil.which("unshare")
    command = [unshare or "", "--user", "true"]
    return unshare is not None and not subprocess.run(command, check=False).returncode


@pytest.mark.process
@needs_debian
@pytest.mark.skipif(not can_be_nobody(), reason="needs a user namespace")
def test_who_is_not_root_is_told_in_a_line(tmp_path: Path) -> None:
    """And gets what else there is."""
    done = bring("unshare", "--user", ENFORCER_INTERPRETERS=str(tmp_path / "kept"))

    assert "no CPythons of Debian, as this is not root" in done.stdout
    assert own().name in done.stdout
    assert done.returncode == 0


@pytest.mark.process
def test_they_can_be_left_out() -> None:
    """By a word in the variable that otherwise names their folder."""
    done = bring(ENFORCER_INTERPRETERS="none")

    assert "as ENFORCER_INTERPRETERS is none" in done.stdout
    assert done.returncode == 0


@pytest.mark.process
@needs_mounting
@pytest.mark.parametrize("number", [0, signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_mounted(tmp_path: Path, number: int) -> None:
    """Not while a command runs, and not after it, however it ended."""
    before = mounts()
    # In "/" itself a command sees what it would see elsewhere, and needs no Debian.
    command = ["sh", "-c", "cat /proc/self/mounts; echo; exec cat"]
    process = subprocess.Popen(
        enter(Path("/"), command, project=tmp_path, folder=tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    inside = list(iter(process.stdout.readline, "\n"))
    assert any(f" {tmp_path} " in line for line in inside)
    assert any(line.startswith(f"home {Path.home()} ") for line in inside)
    assert mounts() == before
    if number:
        process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -number
    assert mounts() == before


INSTALLING = """
import subprocess
from pathlib import Path
from tests.interpreters.__main__ import end_by_sigterm
from tests.interpreters.chroot import install

end_by_sigterm()
subprocess.run(install(Path("/"), ["sh", "-c", "sleep 1000 & echo begun; sleep 1000"]))
"""


@pytest.mark.process
@needs_mounting
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_being_installed_ends_with_who_installs(number: int) -> None:
    """All of it: standard output has its end once the last process is gone."""
    before = mounts()
    process = subprocess.Popen(
        [sys.executable, "-c", INSTALLING],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(number)

    assert process.communicate(timeout=PATIENCE)[0] == ""
    assert process.returncode != 0
    assert mounts() == before


def test_only_what_is_whole_is_used(tmp_path: Path) -> None:
    """What was begun and not finished has no mark, and another recipe another folder."""
    kept = Debian(tmp_path)
    assert kept.paths() == {}
    kept._finish("3.14")  # noqa: SLF001 - as bring() does at the end
    assert kept.paths() == {"3.14": "/usr/bin/python3.14"}
    assert Debian(tmp_path).paths() == kept.paths()


class Archive(Debian):
    """A Debian whose archive lacks packages of some versions."""

    lacking: tuple[str, ...] = ()

    def _install(self, packages: list[str] | tuple[str, ...]) -> None:
        for version in self.lacking:
            if f"python{version}" in packages:
                message = f"E: Unable to locate package python{version}"
                raise BringingError(message)

    def _inside(self, *_: str) -> None:
        if "3.13t" in self.lacking:
            message = "make ended with 2"
            raise BringingError(message)


@pytest.mark.parametrize("lacking", ["3.13", "3.15", "3.13t"])
def test_a_version_that_is_missing_stops_no_other(tmp_path: Path, lacking: str) -> None:
    """It is named, with the reason."""
    archive = Archive(tmp_path)
    archive.lacking = (lacking,)
    archive._install_versions(list(debian.VERSIONS))  # noqa: SLF001 - the step under test
    archive._build_free_threaded()  # noqa: SLF001 - as above

    assert {*archive.paths()} == {"3.13", "3.14", "3.15", "3.13t"} - {lacking}
    assert [*archive.missing] == [lacking]


ONE_LINE = "# deb https://a.b/debian old main\ndeb [arch=amd64] https://a.b/debian sid main\n"
DEB822 = (
    "Types: deb\n# https://snap.b/archive/debian/2025\nURIs: http://a.b/pub/debian/\nSuites: x\n"
)
SECURITY = "deb http://a.b/debian-security x main\ndeb http://c.d/debian x main\n"


@pytest.mark.parametrize(
    ("text", "archive"),
    [
        (ONE_LINE, "https://a.b/debian"),
        (DEB822, "http://a.b/pub/debian"),
        (SECURITY, "http://c.d/debian"),
    ],
)
def test_the_archive_is_the_one_of_this_machine(text: str, archive: str) -> None:
    """In both forms of apt's sources; comments and other archives don't count."""
    found = debian.MIRROR.search(text)
    assert found is not None
    assert found[1] == archive


@pytest.mark.process
def test_what_a_program_is_it_says_itself(tmp_path: Path) -> None:
    """A program that is no CPython is none, whatever its name."""
    fake = tmp_path / "python3.15"
    fake.write_text("#!/bin/sh\necho 3.15\n")
    fake.chmod(0o755)

    assert describe(str(fake)) is None
    assert describe(str(tmp_path / "python3.16")) is None
    here = describe(sys.executable)
    assert here is not None
    assert here.is_named([here.minor])
    assert here.is_named([here.name])
    assert not here.is_named(["3.1", "3"])


def test_several_of_one_minor_version_share_the_work() -> None:
    """The long tests run on the newest, the unit tests on the newest of all."""
    names = ("3.13.0", "3.13.18", "3.15.2", "3.13.5t")
    found = [Interpreter(name, "") for name in names]
    less = ["tests/conformance", "--ignore=tests/conformance/starting"]

    assert [everywhere.tests_for(one, found) for one in found] == [
        less,
        ["tests/conformance"],
        ["tests/conformance", "tests/unit"],
        less,
    ]


def test_free_threaded_builds_have_a_name_of_their_own() -> None:
    """So that one is never taken for the other."""
    assert Interpreter("3.13.5t", "").minor == "3.13t"
    assert not Interpreter("3.13.5t", "").is_named(["3.13"])
