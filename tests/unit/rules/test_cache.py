"""A compiled map says what the map says, or is not used."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.rules.loader import load_map
from enforcer.rules.mistakes import MapError
from enforcer.rules.model import MigrationMap
from enforcer.rules.regular_files import CHECK_BYTES, check_sum
from tests.patience import PATIENCE

MAP = """
[enforcer]
service = "shop"
fail_open = false
root = "src"
expected_services = ["shop", "worker"]

[[rule]]
legacy = "a.old.*"
canonical = "b.new.*"
stage = "observe"
reason = "ünïcode"
owner = "@team"
since = 2025-01-02
remove_after = 2026-01-02

[[rule]]
legacy = "a.mod:old"
canonical = "a.mod:new"

[[rule]]
legacy = "c"
canonical = "d"
names = { x = "y" }
fallback = "legacy"
"""


class Project:
    """A folder with a map, and a home for its user."""

    def __init__(self, folder: Path) -> None:
        self.map = folder / "project" / "enforcer.toml"
        self.map.parent.mkdir()
        self.map.write_text(MAP, encoding="utf-8")
        self.beside = self.map.parent / ".enforcer"
        self.users = folder / "home" / ".cache" / "enforcer"
        self.environment = {"HOME": str(folder / "home")}

    def load(self, **environment: str) -> MigrationMap:
        return load_map(str(self.map), environ={**self.environment, **environment}, cached=True)

    def caches(self) -> list[Path]:
        folders = [folder for folder in (self.beside, self.users) if folder.is_dir()]
        files = (path for folder in folders for path in folder.iterdir())
        return sorted(file for file in files if file.name != ".gitignore")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give a project that nothing was loaded from yet."""
    return Project(tmp_path)


@pytest.fixture(autouse=True)
def usual_mask() -> Iterator[None]:
    """Make folders as most users do."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def content(migration: MigrationMap) -> object:
    """Give all that a map says."""
    options = {
        name: getattr(migration, name)
        for name in ("service", "fail_open", "root", "expected_services", "store", "digest", "path")
    }
    return options, [{name: getattr(rule, name) for name in rule.__slots__} for rule in migration]


def is_parsed(project: Project) -> bool:
    """Tell whether another process that loads the map has to parse it."""
    program = (
        "import sys; from enforcer.rules.loader import load_map;"
        f"print(len(load_map({str(project.map)!r}, cached=True).rules), 'tomllib' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=project.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    rules, parsed = done.stdout.split()
    assert rules == "3"
    return parsed == "True"


@pytest.mark.process
def test_second_process_does_not_parse_the_map(project: Project) -> None:
    assert is_parsed(project)
    assert not is_parsed(project)


def test_compiled_form_says_all_that_the_map_says(project: Project) -> None:
    parsed, compiled = project.load(), project.load()

    assert content(compiled) == content(parsed)
    assert content(compiled) == content(load_map(str(project.map), environ={}))


def test_outline_is_the_same(project: Project) -> None:
    parsed, compiled = project.load().outline, project.load().outline

    assert compiled.heads == parsed.heads == {"a", "c"}
    assert compiled.covering == parsed.covering == {"a.old", "c"}
    assert compiled.beside == parsed.beside == {"a", "a.mod"}


def test_environment_is_applied_to_what_was_cached(project: Project) -> None:
    """The cache holds the file's content, not what a process made of it."""
    project.load(ENFORCER_STAGE="strict")
    relaxed = project.load(ENFORCER_STORE="/elsewhere/uses.db")

    assert [rule.stage for rule in relaxed] == ["observe", "alias", "alias"]
    assert relaxed.store == "/elsewhere/uses.db"
    assert {rule.stage for rule in project.load(ENFORCER_STAGE="at-least:warn")} == {"warn"}


def test_changed_map_of_the_same_size_and_time_is_read(project: Project) -> None:
    """Neither clock nor size decides, but the content."""
    project.load()
    status = project.map.stat()
    project.map.write_text(MAP.replace('"b.new.*"', '"b.neu.*"'), encoding="utf-8")
    os.utime(project.map, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert project.load().rules[0].canonical == "b.neu.*"


def test_cache_that_was_moved_with_its_map_keeps_its_place(project: Project) -> None:
    """Folders are those of the map's place now."""
    project.load()
    moved = project.map.parent.rename(project.map.parent.with_name("moved"))
    migration = load_map(str(moved / "enforcer.toml"), environ={}, cached=True)

    assert migration.root == str(moved / "src")
    assert migration.store == str(moved / ".enforcer" / "uses.db")


@pytest.mark.parametrize("place", [0, 40, 70, 100, -1])
def test_damaged_cache_is_not_used_and_made_anew(project: Project, place: int) -> None:
    project.load()
    (cache,) = project.caches()
    data = bytearray(cache.read_bytes())
    sound = bytes(data)
    data[place] ^= 0xFF
    cache.write_bytes(data)

    assert content(project.load()) == content(load_map(str(project.map), environ={}))
    assert cache.read_bytes() == sound


@pytest.mark.parametrize("size", [0, 10, 64, 65, 300])
def test_cache_that_was_cut_short_is_not_used(project: Project, size: int) -> None:
    """As a full disk leaves it."""
    project.load()
    (cache,) = project.caches()
    cache.write_bytes(cache.read_bytes()[:size])

    assert len(project.load().rules) == 3


@pytest.mark.parametrize("kind", ["folder", "fifo", "link"])
def test_what_is_no_file_is_left_alone(project: Project, kind: str) -> None:
    project.load()
    (cache,) = project.caches()
    kept = cache.rename(cache.with_name("kept"))
    if kind == "folder":
        cache.mkdir()
    elif kind == "fifo":
        os.mkfifo(cache)
    else:
        cache.symlink_to(kept)

    assert len(project.load().rules) == 3


def forge(project: Project) -> Path:
    """Put a cache with another canonical path where the sound one was."""
    sound = project.map.read_text(encoding="utf-8")
    digest = project.load().digest
    project.map.write_text(sound.replace("b.new", "evil"), encoding="utf-8")
    evil = project.load().digest
    cache = next(file for file in project.caches() if evil in file.name)
    data = cache.read_bytes()[CHECK_BYTES:].replace(evil.encode(), digest.encode())
    project.map.write_text(sound, encoding="utf-8")
    cache.unlink()
    believed = cache.with_name(cache.name.replace(evil, digest))
    believed.write_bytes(check_sum(data) + data)
    return believed


def test_forgery_works_where_only_its_owner_could_make_it(project: Project) -> None:
    """Otherwise the tests below would show nothing."""
    project.load()
    assert len(project.caches()) == 1
    forge(project)

    assert project.load().rules[0].canonical == "evil.*"


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_cache_in_a_folder_that_others_can_write_is_not_believed(
    project: Project, mode: int
) -> None:
    project.load()
    assert len(project.caches()) == 1
    forge(project)
    project.beside.chmod(mode)

    assert project.load().rules[0].canonical == "b.new.*"
    assert [path.parent for path in project.caches()] == [project.users, project.beside]


def test_cache_that_others_can_write_is_not_believed(project: Project) -> None:
    project.load()
    assert len(project.caches()) == 1
    cache = forge(project)
    cache.chmod(0o666)

    assert project.load().rules[0].canonical == "b.new.*"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("whose", ["file", "folder"])
def test_cache_of_somebody_else_is_not_believed(project: Project, whose: str) -> None:
    project.load()
    assert len(project.caches()) == 1
    cache = forge(project)
    os.chown(cache if whose == "file" else project.beside, 12345, 12345)

    assert project.load().rules[0].canonical == "b.new.*"


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_cache_that_root_made_is_believed() -> None:
    """As in an image that root built and somebody else runs."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are for root alone
        folder = Path(name)
        folder.chmod(0o755)
        project = Project(folder)
        digest = project.load().digest
        program = (
            "import os, sys; from enforcer.rules import cache; os.setuid(12345);"
            f"print(cache.find({str(project.map)!r}, {digest!r}, {{}}) is not None)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
    assert done.stdout == "True\n"


def test_nowhere_to_write_is_no_matter(project: Project) -> None:
    project.beside.write_text("a file")
    project.users.parent.parent.mkdir()
    project.users.parent.write_text("a file")

    assert len(project.load().rules) == 3
    assert len(project.load().rules) == 3


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_cache_is_for_those_whom_the_umask_leaves(project: Project, mask: int, mode: int) -> None:
    os.umask(mask)
    project.load()

    assert [stat.S_IMODE(file.stat().st_mode) for file in project.caches()] == [mode]


@pytest.mark.process
def test_many_writers_at_once_leave_one_sound_cache(project: Project) -> None:
    program = (
        "import sys; from enforcer.rules.loader import load_map; sys.stdin.readline()\n"
        "for _ in range(20):\n"
        f"    load_map({str(project.map)!r}, cached=True)\n"
        "    import os, glob\n"
        f"    for path in glob.glob({str(project.beside)!r} + '/*'):\n"
        "        os.path.exists(path) and os.truncate(path, 100)\n"
        f"print(len(load_map({str(project.map)!r}, cached=True).rules))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=project.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    outputs = [process.communicate("go\n", timeout=PATIENCE)[0] for process in processes]

    assert outputs == ["3\n"] * 4
    assert not is_parsed(project) or not is_parsed(project)
    assert len(project.caches()) == 1


def test_broken_map_is_broken_each_time(project: Project) -> None:
    """A mistake is never cached."""
    project.load()
    project.map.write_text('[[rule]]\nlegacy = "old"\n', encoding="utf-8")
    for _ in range(2):
        with pytest.raises(MapError):
            project.load()
