"""Whatever the environment says, a program that starts with it comes first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.rules.environment import has_foreign_rights, trusted_environment
from tests.patience import PATIENCE, environment_without

pytestmark = pytest.mark.process

GOOD = '[[rule]]\nlegacy = "old"\ncanonical = "new"\n'
BROKEN = '[[rule]]\nlegacy = "old"\n'
CLOSED = "[enforcer]\nfail_open = false\n"
PROGRAM = (
    "import sys; import enforcer.startup as s;"
    "print('enabled' if s.active() else 'ran', *sys.argv[1:])"
)


def python(
    folder: Path, *arguments: str, program: str = PROGRAM, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program as somebody who set only these variables would."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={**environment_without("ENFORCER"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a sound map."""
    (tmp_path / "enforcer.toml").write_text(GOOD)
    (tmp_path / "new.py").write_text("N = 1\n")
    return tmp_path


UNUSABLE = {
    "missing": ("nowhere.toml", "nowhere.toml: there is no such file.", "map-not-found"),
    "below a file": ("new.py/a.toml", "new.py/a.toml: the map can't be read", "unreadable-map"),
    "folder": ("folder", "folder: the map can't be read", "unreadable-map"),
    "unreadable": ("/proc/self/mem", "/proc/self/mem: the map can't be read", "unreadable-map"),
    "no UTF-8": ("latin.toml", "latin.toml:2: byte 0xe9 is not UTF-8.", "not-utf-8"),
    "no TOML": ("syntax.toml", "syntax.toml:2: this is not TOML", "toml-syntax"),
    "no table": ("pyproject.toml", "pyproject.toml: there is no table", "no-enforcer-table"),
    "broken": ("broken.toml", "broken.toml:1: rule: ", "missing-key"),
    "line break": ("break.toml", 'break.toml:2: rule.legacy: "a\\nb" ', "bad-path"),
}


@pytest.fixture
def unusable(folder: Path) -> Path:
    """Give a folder with every kind of map that can't be used."""
    (folder / "folder").mkdir()
    (folder / "latin.toml").write_bytes('[enforcer]\nservice = "café"\n'.encode("latin-1"))
    (folder / "syntax.toml").write_text("[enforcer]\nservice = \n")
    (folder / "pyproject.toml").write_text("[project]\n")
    (folder / "broken.toml").write_text(BROKEN)
    (folder / "break.toml").write_text('[[rule]]\nlegacy = "a\\nb"\ncanonical = "new"\n')
    return folder


@pytest.mark.parametrize(("name", "said", "slug"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_map_that_can_not_be_used_is_one_line(
    unusable: Path, name: str, said: str, slug: str
) -> None:
    """The program runs without the enforcer, and the line says why, and where."""
    done = python(unusable, ENFORCER_MAP=name)

    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert done.stderr.startswith(f"enforcer: not enabled: {said}")
    assert done.stderr.endswith(f"({slug})\n")
    assert done.stderr.count("\n") == 1


def test_a_map_that_nobody_may_read_is_one_line(folder: Path) -> None:
    """Permissions are the commonest reason."""
    (folder / "enforcer.toml").chmod(0)
    if os.access(folder / "enforcer.toml", os.R_OK):
        pytest.skip("who runs this may read everything")
    done = python(folder, ENFORCER_MAP="enforcer.toml")

    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert done.stderr.startswith("enforcer: not enabled: enforcer.toml: the map can't be read: ")


def test_many_mistakes_are_one_line(folder: Path) -> None:
    """It has the first of them, how many there are, and the command that shows them all."""
    (folder / "enforcer.toml").write_text(BROKEN + '[[rule]]\ncanonical = "new"\nstage = "x"\n')
    done = python(folder, ENFORCER_MAP="enforcer.toml")

    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert done.stderr.startswith(
        'enforcer: not enabled; 3 mistakes, see "enforcer check --map enforcer.toml"; '
        "the first: enforcer.toml:1: rule: "
    )
    assert done.stderr.endswith("(missing-key)\n")
    assert done.stderr.count("\n") == 1


def test_the_command_in_the_line_shows_them_all(folder: Path) -> None:
    """One message on each line there."""
    (folder / "enforcer.toml").write_text(BROKEN + '[[rule]]\ncanonical = "new"\nstage = "x"\n')
    words = [sys.executable, "-m", "enforcer", "check", "--map", "enforcer.toml"]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE
    )

    assert done.stderr.count("\n") == 3


@pytest.mark.parametrize(
    "text",
    [
        CLOSED + BROKEN,
        CLOSED + BROKEN + BROKEN,
        CLOSED + "service = \n",
        CLOSED + "service = '\udce9'\n",
    ],
    ids=["one mistake", "many mistakes", "no TOML", "no UTF-8"],
)
def test_a_map_may_stop_the_program(folder: Path, text: str) -> None:
    """fail_open = false is heard through other mistakes, and gives exit code 2 and one line."""
    (folder / "enforcer.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    done = python(folder, ENFORCER_MAP="enforcer.toml")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("enforcer: stopped, as the map says fail_open = false")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("way", ["variable", "file", "stage off"])
def test_safe_mode_aliases_by_a_map_that_stops_programs(folder: Path, way: str) -> None:
    """It is the way back: the sound rules are aliased, and no other process hears of it."""
    (folder / "enforcer.toml").write_text(CLOSED + GOOD + 'colour = "red"\n')
    variables = {"variable": {"ENFORCER_SAFE": "1"}, "stage off": {"ENFORCER_STAGE": "off"}}
    if way == "file":
        (folder / "enforcer.off").touch()
    program = "import old; print(old.N)"
    safe = python(folder, program=program, ENFORCER_MAP="enforcer.toml", **variables.get(way, {}))
    assert (safe.returncode, safe.stdout, safe.stderr) == (0, "1\n", "")

    (folder / "enforcer.off").unlink(missing_ok=True)
    done = python(folder, program=program, ENFORCER_MAP="enforcer.toml")
    assert (done.returncode, done.stdout) == (2, "")


def test_safe_mode_aliases_by_what_a_map_that_stops_programs_said_before(folder: Path) -> None:
    """Where the file is no TOML any more."""
    (folder / "enforcer.toml").write_text(CLOSED + GOOD)
    assert python(folder, ENFORCER_MAP="enforcer.toml").stdout == "enabled\n"
    (folder / "enforcer.toml").write_text(CLOSED + GOOD + "[[rule")
    assert python(folder, ENFORCER_MAP="enforcer.toml").returncode == 2

    safe = python(
        folder,
        program="import old; print(old.N)",
        ENFORCER_MAP="enforcer.toml",
        ENFORCER_SAFE="1",
    )
    assert (safe.returncode, safe.stdout, safe.stderr) == (0, "1\n", "")


@pytest.mark.parametrize("path", ["", " ", "\t\n"])
def test_a_blank_variable_is_none(folder: Path, path: str) -> None:
    """As where a template of the environment was not filled in."""
    done = python(folder, ENFORCER_MAP=path)

    assert (done.stdout, done.stderr) == ("ran\n", "")


def test_blanks_around_the_path_do_not_matter(folder: Path) -> None:
    """As where a line of a file became a variable."""
    done = python(folder, ENFORCER_MAP=" enforcer.toml\n")

    assert (done.stdout, done.stderr) == ("enabled\n", "")


def test_relative_paths_hold_for_children_elsewhere(folder: Path) -> None:
    """They are made absolute where the first process starts."""
    (folder / "elsewhere").mkdir()
    child = f"import sys; sys.path[:0] = [{str(folder)!r}]; import old"
    program = (
        "import os, subprocess, sys; os.chdir('elsewhere');"
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True);"
        "print(os.environ['ENFORCER_MAP'], os.environ['ENFORCER_STORE'])"
    )
    done = python(
        folder, program=program, ENFORCER_MAP="enforcer.toml", ENFORCER_STORE="kept/uses.db"
    )

    store = folder / "kept" / "uses.db"
    assert done.stdout == f"{folder / 'enforcer.toml'} {store}\n"
    assert done.stderr == ""
    assert store.exists()
    assert list((folder / "elsewhere").iterdir()) == []


def test_a_folder_that_is_gone_is_one_line(folder: Path) -> None:
    """A relative path means nothing in a working directory that was deleted."""
    gone = folder / "gone"
    gone.mkdir()
    program = (
        f"import os, subprocess, sys; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r});"
        f"os.environ['ENFORCER_MAP'] = 'enforcer.toml';"
        f"sys.exit(subprocess.call([sys.executable, '-c', {PROGRAM!r}]))"
    )
    done = python(folder, program=program)

    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert done.stderr.startswith("enforcer: not enabled: FileNotFoundError(")
    assert done.stderr.endswith("(not-foreseen)\n")
    assert done.stderr.count("\n") == 1


def test_nobody_has_to_listen(folder: Path) -> None:
    """Standard error may be closed; nothing goes to standard output instead."""
    (folder / "enforcer.toml").write_text(BROKEN)
    program = f'exec "$0" -c "{PROGRAM}" 2>&-'
    done = subprocess.run(
        ["/bin/sh", "-c", program, sys.executable],
        cwd=folder,
        env={**os.environ, "ENFORCER_MAP": "enforcer.toml"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert (done.returncode, done.stdout) == (0, "ran\n")


def test_enabling_in_code_as_well_is_once(folder: Path) -> None:
    """The same map by the variable and in code is one enforcement."""
    program = (
        "import enforcer, enforcer.startup as s; first = s.active();"
        "enforcer.enable('enforcer.toml'); s.enable_from_environment();"
        "print(s.active() is first is not None); import old"
    )
    done = python(folder, program=program, ENFORCER_MAP="enforcer.toml")

    assert (done.stdout, done.stderr) == ("True\n", "")


def test_a_broken_map_in_code_is_one_line_too(folder: Path) -> None:
    """enforcer.enable() follows fail_open as well."""
    (folder / "enforcer.toml").write_text(BROKEN)
    done = python(folder, program="import enforcer; enforcer.enable('enforcer.toml'); print('ran')")

    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert done.stderr.startswith("enforcer: not enabled: enforcer.toml:1: ")
    assert done.stderr.count("\n") == 1


needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else"
)


LINE = (
    "enforcer: not enabled: this program has the rights of user 0, and user 12345 started it: "
    "ENFORCER_MAP is not read. Call enforcer.enable() in the program (set-user-id)\n"
)


def with_ids(folder: Path, real: int, program: str = PROGRAM) -> tuple[str, str]:
    """Return what a set-user-ID program of root writes that another user starts."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**environment_without("ENFORCER"), "ENFORCER_MAP": str(folder / "enforcer.toml")},
        preexec_fn=lambda: os.setresuid(real, 0, 0),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return done.stdout, done.stderr


@needs_root
def test_a_program_with_rights_of_somebody_else_does_not_read_the_variable(folder: Path) -> None:
    """Anybody could have a set-user-ID program import what they like, as its owner."""
    assert with_ids(folder, 0) == ("enabled\n", "")
    assert with_ids(folder, 12345) == (
        "ran\n",
        LINE,
    )


@pytest.mark.parametrize(
    ("user", "effective_user", "group", "effective_group", "is_foreign"),
    [
        (1000, 1000, 1000, 1000, False),
        (1000, 0, 1000, 1000, True),
        (1000, 1001, 1000, 1000, True),
        (1000, 1000, 1000, 5, True),
        (0, 33, 0, 33, False),
        (0, 0, 0, 0, False),
    ],
    ids=["own", "of root", "of a user", "of a group", "given up by root", "root"],
)
def test_whose_rights_a_process_has(  # noqa: PLR0913 - four ids
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    effective_user: int,
    group: int,
    effective_group: int,
    *,
    is_foreign: bool,
) -> None:
    ids = zip(
        ("getuid", "geteuid", "getgid", "getegid"),
        (user, effective_user, group, effective_group),
        strict=True,
    )
    for name, value in ids:
        monkeypatch.setattr(os, name, lambda value=value: value)

    assert has_foreign_rights() is is_foreign
    assert bool(trusted_environment()) is not is_foreign


@needs_root
def test_a_program_that_root_gave_less_rights_reads_it(folder: Path) -> None:
    """A server that root starts, and that goes on as somebody else."""
    program = f"import os; os.seteuid(12345); {PROGRAM}"

    assert with_ids(folder, 0, program)[0] == "enabled\n"


@needs_root
def test_a_map_named_in_code_takes_nothing_from_a_strangers_environment(folder: Path) -> None:
    """Neither the store nor anything else is theirs to choose."""
    program = (
        "import os; os.environ.update(ENFORCER_STORE='/stranger/uses.db', ENFORCER_STAGE='off?');"
        "import enforcer, enforcer.startup as s; enforcer.enable('enforcer.toml', store=False);"
        "print(s.active().map.store)"
    )
    own = f"{folder}/.enforcer/uses.db\n"

    assert with_ids(folder, 12345, program) == (own, LINE)
    program = f"import enforcer; enforcer.disable(); {program.replace('off?', '')}"
    assert with_ids(folder, 0, program) == ("/stranger/uses.db\n", "")


def test_isolated_mode_adds_no_folder(folder: Path) -> None:
    """The variable holds with -I, as in docs/compatibility.md; what -I is for holds as well."""
    program = "import sys; print('enforcer.startup' in sys.modules, sys.path)"
    without, on = (
        subprocess.run(
            [sys.executable, "-I", "-c", program],
            cwd=folder,
            env={**environment_without("ENFORCER"), **variables},
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        ).stdout
        for variables in ({}, {"ENFORCER_MAP": str(folder / "enforcer.toml")})
    )

    assert without.startswith("False [")
    assert on == without.replace("False", "True", 1)


PARENT = (
    "import subprocess, sys, old, new; print(old.N, vars(old) is vars(new), flush=True);"
    "subprocess.run([sys.executable, '-c', 'import old; print(old.N)'], check=True)"
)
MISTAKES = {
    "emptied": (
        "\n",
        "what the map said before is in force: enforcer.toml: the map can't be read: it is",
    ),
    "no TOML any more": (
        "[[rule]\n",
        "what the map said before is in force: enforcer.toml:1: this is not TOML: ",
    ),
    "a rule beside": (
        GOOD + BROKEN.replace("old", "older"),
        'the rule "older" is left out: enforcer.toml:4: rule: the rule has no "canonical". ',
    ),
    "a key beside": (
        GOOD + 'shade = "dark"\n',
        'the rule "old" holds without a key: enforcer.toml:4: rule.shade: "shade" is not a key ',
    ),
    "an option beside": (
        GOOD + '[enforcer]\nshade = "shop"\n',
        "a part of the map is ignored: enforcer.toml:5: enforcer.shade: ",
    ),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_once_and_its_sound_part_holds(
    folder: Path, text: str, said: str
) -> None:
    """With file, line and key; the processes that the program starts are silent."""
    environ = {"ENFORCER_MAP": "enforcer.toml", "HOME": str(folder)}
    assert python(folder, program=PARENT, **environ).stderr == ""
    (folder / "enforcer.toml").write_text(text)
    done = python(folder, program=PARENT, **environ)

    assert (done.returncode, done.stdout) == (0, "1 True\n1\n"), done.stderr
    assert done.stderr.startswith(f"enforcer: {said}")
    assert done.stderr.count("\n") == 1


def test_a_bad_variable_is_said_once_and_ignored(folder: Path) -> None:
    """The map's own stages hold, and with ``fail_open = false`` the program ends."""
    environ = {"ENFORCER_MAP": "enforcer.toml", "ENFORCER_STAGE": "srtict", "HOME": str(folder)}
    done = python(folder, program=PARENT, **environ)
    assert (done.returncode, done.stdout) == (0, "1 True\n1\n"), done.stderr
    assert done.stderr.startswith("enforcer: the environment variable ENFORCER_STAGE is ignored: ")
    assert done.stderr.count("\n") == 1

    (folder / "enforcer.toml").write_text(CLOSED + GOOD)
    done = python(folder, program=PARENT, **environ)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_many_mistakes_beside_a_sound_rule_are_some_lines(folder: Path) -> None:
    """The last line has the command that shows them all."""
    (folder / "enforcer.toml").write_text(GOOD + BROKEN * 30)
    done = python(folder, ENFORCER_MAP="enforcer.toml", HOME=str(folder))
    assert done.stdout == "enabled\n"
    lines = done.stderr.splitlines()
    assert len(lines) == 11
    assert lines[-1].startswith('enforcer: 20 more mistakes, see "enforcer check --map ')


FORK_HOOKS = """
import os, sys
hooked = []
register = os.register_at_fork
def registering(**hooks):
    if "before" in hooks:
        hooked.append(sys._getframe(1).f_globals["__name__"])
    register(**hooks)
os.register_at_fork = registering
import enforcer
enforcer.enable("enforcer.toml")
print(*hooked)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
def test_a_fork_calls_our_hook_before_that_of_logging(tmp_path: Path) -> None:
    """Logging's takes a lock that our thread may need to end, and the fork waits for that."""
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\ncanonical = "new"\n')
    done = subprocess.run(
        [sys.executable, "-c", FORK_HOOKS],
        cwd=tmp_path,
        env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["logging", "concurrent.futures.thread", "enforcer.startup"]
