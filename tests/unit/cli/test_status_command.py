"""Say whether the enforcer is enabled here, from what fresh interpreters answer."""

import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import enforcer as package
from enforcer.status.tested import TESTED
from tests.commands import in_a_process

pytestmark = pytest.mark.process

Enforcer = Callable[..., subprocess.CompletedProcess[str]]
Install = Callable[[Path], Path]

ROOT = Path(package.__file__).parents[1]
VERSION = package.__version__
STARTUP = "enforcer_startup.pth"


class Environment:
    """A virtual environment of this Python, with nothing in it."""

    def __init__(self, folder: Path, *, system: bool = False) -> None:
        venv.create(folder, with_pip=False, symlinks=True, system_site_packages=system)
        self.python = str(folder / "bin" / "python")
        [self.site] = folder.glob("lib/python*/site-packages")

    def install(self) -> None:
        """Install the enforcer as an editable wheel does."""
        install_startup(self.site)
        (self.site / "_editable_impl_import_enforcer.pth").write_text(f"{ROOT}\n")
        self.add_metadata(json.dumps({"url": ROOT.as_uri(), "dir_info": {"editable": True}}))

    def add_metadata(self, origin: str = "{}", version: str = VERSION) -> None:
        """Write what pip writes down of an installed distribution."""
        folder = self.site / f"import_enforcer-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: import-enforcer\nVersion: {version}\n"
        )
        (folder / "direct_url.json").write_text(origin)


def install_startup(folder: Path) -> Path:
    """Put both startup files into a folder; give the one that this Python reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in (ROOT / "startup").glob("enforcer_*"):  # not what Python compiled them to
        shutil.copy(file, folder)
    return folder / STARTUP


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """Give an environment with an editable install of the enforcer."""
    made = Environment(tmp_path / "environment")
    made.install()
    return made


@pytest.fixture
def status(enforcer: Enforcer, environment: Environment) -> Callable[..., dict[str, Any]]:
    """Ask that environment, without what PYTHONPATH adds to it; give the document."""

    def ask(*words: str, **variables: str) -> dict[str, Any]:
        asked = ("--python", environment.python, "--format", "json", *words)
        result = enforcer("status", *asked, **{"PYTHONPATH": "", **variables})
        assert result.stderr == ""
        found: dict[str, Any] = json.loads(result.stdout)
        assert result.returncode == (1 if found["problems"] else 0)
        return found

    return ask


@pytest.fixture
def named(folder: Path) -> dict[str, str]:
    """Give the variable that enables the enforcer with the project's map."""
    return {"ENFORCER_MAP": str(folder / "enforcer.toml")}


def facts(found: dict[str, Any]) -> tuple[object, ...]:
    return found["enabled"], found["summary"], found["problems"]


def test_enabled(
    status: Callable[..., dict[str, Any]],
    environment: Environment,
    named: dict[str, str],
    folder: Path,
) -> None:
    """A variable that names a sound map, and a startup file that is read, are all it takes."""
    found = status(**named)

    assert facts(found) == (True, "Enabled here.", [])
    assert found["python"]["executable"] == environment.python
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    assert found["python"]["free_threaded"] is free_threaded
    version = platform.python_version() + "t" * free_threaded
    assert found["python"]["tested"] is (version in TESTED)
    assert found["package"]["version"] == VERSION
    assert found["distributions"][0]["editable"]
    assert {"path": str(environment.site / STARTUP), "read": True} in found["startup_files"]
    assert found["map"] == {
        "path": str(folder / "enforcer.toml"),
        "chosen_by": "ENFORCER_MAP",
        "rules": 1,
        "stages": {"alias": 1},
        "mistakes": [],
        "compiled": None,
        "rollouts": [],
    }
    assert found["modes"] == {"-E": True, "-I": True, "-P": True, "-s": True, "-S": False}


def test_asking_leaves_nothing_in_the_store(
    status: Callable[..., dict[str, Any]], named: dict[str, str], folder: Path
) -> None:
    """The processes that are asked are not among those that are counted."""
    found = status(**named, ENFORCER_FLUSH_INTERVAL="0.05")

    assert found["store"]["path"] == str(folder / ".enforcer" / "uses.db")
    assert not found["store"]["exists"]
    assert not (folder / ".enforcer" / "uses.db").exists()


def test_variable_that_is_not_set(status: Callable[..., dict[str, Any]], folder: Path) -> None:
    """The map that is found from here is named, and what to set."""
    found = status()

    assert facts(found)[:2] == (False, "Not enabled here: ENFORCER_MAP is not set.")
    [problem] = found["problems"]
    assert problem == (
        'ENFORCER_MAP is not set, so only "enforcer run" takes this map. '
        f"Set ENFORCER_MAP={folder}/enforcer.toml where your programs are started (map-not-set)"
    )
    assert found["modes"]["-E"]


def test_map_option_stands_for_the_variable(status: Callable[..., dict[str, Any]]) -> None:
    """One can ask what would be, before setting the variable."""
    found = status("--map", "enforcer.toml")

    assert facts(found) == (True, "Enabled here.", [])
    assert found["map"]["chosen_by"] == "--map"


def test_enabled_in_code(
    status: Callable[..., dict[str, Any]], environment: Environment, folder: Path
) -> None:
    """What another startup file enables is what is enabled here, variable or not."""
    other = folder / "other.toml"
    other.write_text("")
    (environment.site / "own.pth").write_text(f"import enforcer; enforcer.enable({str(other)!r})\n")
    found = status()

    assert facts(found) == (True, "Enabled here.", [])
    assert (found["map"]["path"], found["map"]["chosen_by"]) == (str(other), "code")


def test_startup_file_that_does_nothing(
    status: Callable[..., dict[str, Any]], environment: Environment, named: dict[str, str]
) -> None:
    """Not enabled is not enabled, even if nothing looks wrong."""
    (environment.site / STARTUP).write_text("")
    found = status(**named)

    assert facts(found)[:2] == (False, "Not enabled here: it could not begin.")
    assert found["problems"] == [
        "a fresh process is not enabled, and does not say why (silent-start)"
    ]


def test_no_map_at_all(status: Callable[..., dict[str, Any]], folder: Path) -> None:
    """Without a map anywhere it is said where one was looked for."""
    (folder / "enforcer.toml").unlink()
    found = status()

    assert found["map"] is None
    [problem] = found["problems"]
    assert problem == (
        f'none: ENFORCER_MAP is not set, and there is no enforcer.toml in "{folder}" or above '
        "it. Write one with enforcer init, and set the variable to its path (no-map)"
    )


def test_map_with_mistakes(
    status: Callable[..., dict[str, Any]], named: dict[str, str], folder: Path
) -> None:
    """Each mistake is told as `enforcer check` tells it, and once."""
    (folder / "enforcer.toml").write_text(
        '[[rule]]\nlegacy = "a"\ncanonical = "a"\nstgae = "warn"\n'
    )
    found = status(**named)

    assert facts(found)[:2] == (False, "Not enabled here: the migration map has mistakes.")
    assert [problem.rpartition(" ")[2] for problem in found["problems"]] == [
        "(alias-to-itself)",
        "(unknown-key)",
    ]
    assert found["problems"] == found["map"]["mistakes"]
    assert found["problems"][0].startswith("enforcer.toml:3: rule.canonical:")


def test_map_with_a_sound_part(
    status: Callable[..., dict[str, Any]], named: dict[str, str], folder: Path
) -> None:
    """The rules that hold are counted, and what was left out is a blind spot."""
    with (folder / "enforcer.toml").open("a") as file:
        file.write('[[rule]]\nlegacy = "x"\ncanonical = "x"\n')
    found = status(**named)

    assert facts(found)[0] is True
    assert [rule.rpartition(" ")[2] for rule in found["map"]["mistakes"]] == ["(alias-to-itself)"]
    assert any(
        problem.startswith('the rule "x" is left out: enforcer.toml:')
        and problem.endswith("(alias-to-itself) (blind)")
        for problem in found["problems"]
    )


def test_map_that_stops_every_program(
    status: Callable[..., dict[str, Any]], named: dict[str, str], folder: Path
) -> None:
    """With fail_open = false a broken map keeps Python from starting, and that is said."""
    (folder / "enforcer.toml").write_text("[enforcer]\nfail_open = false\nrules = 1\n")
    found = status(**named)

    assert found["summary"] == "Not enabled here: Python itself does not start."
    assert found["problems"][-1].startswith("Python ends with exit code 2: no program can start")


def test_map_that_does_not_exist(status: Callable[..., dict[str, Any]]) -> None:
    """A variable that names nothing is a finding, not a mistake in the command."""
    found = status(ENFORCER_MAP="/nowhere/enforcer.toml")

    assert facts(found)[:2] == (
        False,
        "Not enabled here: the migration map that ENFORCER_MAP names is not there.",
    )
    assert found["problems"][0].startswith("/nowhere/enforcer.toml: there is no such file.")


def test_relative_map(enforcer: Enforcer) -> None:
    """It works here and nowhere else."""
    result = enforcer("status", ENFORCER_MAP="enforcer.toml")

    assert 'ENFORCER_MAP is "enforcer.toml": a process that starts in another' in result.stdout
    assert "(relative-map)" in result.stdout


def test_python_without_the_enforcer(enforcer: Enforcer, tmp_path: Path) -> None:
    """An interpreter that lacks it is named."""
    bare = Environment(tmp_path / "bare")
    result = enforcer("status", "--python", bare.python, "--map", "enforcer.toml", PYTHONPATH="")

    assert result.returncode == 1
    assert result.stdout.startswith("Not enabled here: this Python has no enforcer.\n")
    assert (
        f"  ✗ not installed. Install it there, with {bare.python} -m pip install, " in result.stdout
    )


def test_startup_file_that_is_never_read(
    enforcer: Enforcer, tmp_path: Path, named: dict[str, str]
) -> None:
    """What lies in a folder of PYTHONPATH, as --target makes one, enables nothing."""
    bare, target = Environment(tmp_path / "bare"), tmp_path / "target"
    install_startup(target)
    search = os.pathsep.join([str(target), str(ROOT)])
    result = enforcer("status", "--python", bare.python, PYTHONPATH=search, **named)

    assert result.stdout.startswith("Not enabled here: nothing enables it when Python starts.\n")
    assert f"  ✓ {VERSION}, in {ROOT}, not in site-packages\n" in result.stdout
    assert f"  ! {target / STARTUP} is never read: Python reads such files in" in result.stdout
    assert "(no-startup-file)\n" in result.stdout


def test_folder_that_stands_in_for_a_startup_file(
    enforcer: Enforcer, tmp_path: Path, named: dict[str, str]
) -> None:
    """The folder that `enforcer run` puts on PYTHONPATH is known, and whether it takes hold."""
    bare, folder = Environment(tmp_path / "bare"), ROOT / "enforcer" / "at_start"
    asked = ("status", "--python", bare.python)
    result = enforcer(*asked, PYTHONPATH=str(folder), **named)
    assert result.stdout.startswith("Enabled here.\n"), result.stdout
    assert f"  ✓ started by {folder / 'sitecustomize.py'}\n" in result.stdout

    (tmp_path / "sitecustomize.py").touch()
    search = os.pathsep.join([str(tmp_path), str(folder), str(ROOT)])
    result = enforcer(*asked, PYTHONPATH=search, **named)
    assert result.stdout.startswith("Not enabled here: ")
    assert "sitecustomize.py is never read: another sitecustomize comes before" in result.stdout


def test_several_startup_files(
    status: Callable[..., dict[str, Any]],
    environment: Environment,
    enforcer: Enforcer,
    named: dict[str, str],
    tmp_path: Path,
) -> None:
    """A second site folder, even one added by hand, enables a second time, which is once."""
    second = install_startup(tmp_path / "second")
    (environment.site / "more.pth").write_text(
        f"import site; site.addsitedir({str(second.parent)!r})\n"
    )
    found = status(**named)
    assert facts(found) == (True, "Enabled here.", [])
    read = {one["path"] for one in found["startup_files"] if one["read"]}
    assert read >= {str(environment.site / STARTUP), str(second)}

    result = enforcer("status", "--python", environment.python, PYTHONPATH="", **named)
    assert f"  ✓ started by {environment.site / STARTUP}\n" in result.stdout
    assert f"  · also by {second}: enabling twice is once\n" in result.stdout


def test_two_distributions_with_a_package_of_this_name(
    enforcer: Enforcer, environment: Environment
) -> None:
    """PyPI has an unrelated project that is called as the package is."""
    other = environment.site / "Enforcer-1.0.1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: Enforcer\nVersion: 1.0.1\n")
    (other / "RECORD").write_text("enforcer/__init__.py,,\nenforcer/main.py,,\n")

    result = enforcer("status", "--python", environment.python, PYTHONPATH="")

    assert (
        f'"enforcer" 1.0.1 in {environment.site} brings a package "enforcer", too: '
        f"{environment.python} -m pip uninstall enforcer, and install import-enforcer anew "
        "(two-distributions)"
    ) in result.stdout


def test_user_install(enforcer: Enforcer, tmp_path: Path, named: dict[str, str]) -> None:
    """The user's folder is read unless an option of Python leaves it out."""
    machine = Environment(tmp_path / "machine", system=True)
    base = tmp_path / "home"
    user = base / machine.site.relative_to(tmp_path / "machine")
    install_startup(user)
    shutil.copytree(ROOT / "enforcer", user / "enforcer")
    made = Environment.__new__(Environment)
    made.site = user
    made.add_metadata()
    variables = {"PYTHONPATH": "", "PYTHONUSERBASE": str(base), **named}
    result = enforcer("status", "--python", machine.python, "--format", "json", **variables)

    found = json.loads(result.stdout)
    assert found["enabled"], found
    assert found["modes"] == {"-E": True, "-I": False, "-P": True, "-s": False, "-S": False}
    result = enforcer("status", "--python", machine.python, **variables)
    assert f"  ✓ {VERSION}, installed for this user in {user}\n" in result.stdout
    assert "  · enabled under -E, -P; not under -I and -s and -S\n" in result.stdout


def test_archive(enforcer: Enforcer, environment: Environment, tmp_path: Path) -> None:
    """A zipped enforcer on the path works as well."""
    archive = shutil.make_archive(str(tmp_path / "lib"), "zip", ROOT, "enforcer")
    (environment.site / "_editable_impl_import_enforcer.pth").write_text(f"{archive}\n")
    shutil.rmtree(environment.site / f"import_enforcer-{VERSION}.dist-info")
    result = enforcer(
        "status", "--python", environment.python, "--map", "enforcer.toml", PYTHONPATH=""
    )

    assert result.stdout.startswith("Enabled here.\n"), result.stdout
    assert f"  ✓ {VERSION}, from the archive {archive}\n" in result.stdout


def test_enforcer_that_fails_to_import(
    status: Callable[..., dict[str, Any]],
    environment: Environment,
    named: dict[str, str],
    tmp_path: Path,
) -> None:
    """A broken install is told in Python's own words."""
    broken = tmp_path / "broken" / "enforcer"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise RuntimeError('half copied')\n")
    (environment.site / "_editable_impl_import_enforcer.pth").write_text(f"{broken.parent}\n")
    found = status(**named)

    assert not found["enabled"]
    assert found["problems"][0] == (
        "can't be imported: RuntimeError('half copied') (not-importable)"
    )
    assert "half copied" in found["said"]


def test_modules_that_are_loaded_before(
    status: Callable[..., dict[str, Any]],
    environment: Environment,
    named: dict[str, str],
    folder: Path,
) -> None:
    """What another startup file imports is loaded too early, and is named."""
    (environment.site / "early_module.py").write_text("")
    (environment.site / "a_first.pth").write_text("import early_module\n")
    (folder / "enforcer.toml").write_text(
        '[[rule]]\nlegacy = "early_module"\ncanonical = "shop.new"\nstage = "observe"\n'
    )
    text = '"early_module" is loaded before the enforcer: who imports it until then is not seen'

    found = status(**named)
    assert (found["enabled"], found["late"]) == (True, ["early_module"])
    assert found["summary"] == "Enabled here, but 1 thing is wrong."
    assert found["problems"] == [f"{text} (imported-before)"]
    assert status()["late"] == ["early_module"]


def test_tool_that_replaces_import_at_start(
    status: Callable[..., dict[str, Any]], environment: Environment, named: dict[str, str]
) -> None:
    """What another startup file puts in the way is named."""
    (environment.site / "tool.py").write_text(
        "import builtins\noriginal = builtins.__import__\n"
        "def traced(*words, **options):\n    return original(*words, **options)\n"
        "builtins.__import__ = traced\n"
    )
    (environment.site / "tool.pth").write_text("import tool\n")
    found = status(**named)

    assert found["enabled"]
    [problem] = found["problems"]
    assert problem == (
        "__import__ was replaced by tool.traced(). "
        "Imports that it does not pass on to the original are not seen. (blind)"
    )


def test_stage_override(
    enforcer: Enforcer, status: Callable[..., dict[str, Any]], named: dict[str, str]
) -> None:
    """The stages are those that hold; an override that is none is a mistake of the map's kind."""
    found = status(**named, ENFORCER_STAGE="at-least:strict")
    assert (found["stage"], found["map"]["stages"]) == ("at-least:strict", {"strict": 1})
    result = enforcer("status", **named, ENFORCER_STAGE="at-least:strict")
    assert '  · ENFORCER_STAGE is "at-least:strict": the stages above' in result.stdout

    assert "(unknown-stage)" in status(**named, ENFORCER_STAGE="louder")["problems"][0]
    result = enforcer("status", **named, ENFORCER_STAGE="louder")
    assert "the stages above" not in result.stdout


def test_stages_for_a_part_of_the_fleet(
    enforcer: Enforcer, status: Callable[..., dict[str, Any]], named: dict[str, str], folder: Path
) -> None:
    """The stages are those that this host has, and why it has them."""
    with (folder / "enforcer.toml").open("a") as file:
        file.write('[[stage]]\nenvironment = "production"\npercent = 30\nstage = "warn"\n')
    there = {"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=production"}

    for host, stage, words in (
        ("db-1", "warn", "30 % of the hosts in production: holds here"),
        ("web-1", "alias", "30 % of the hosts in production: does not hold here"),
    ):
        found = status(**named, **there, ENFORCER_HOST=host)
        assert found["map"]["stages"] == {stage: 1}
        assert [one["holds_here"] for one in found["map"]["rollouts"]] == [stage == "warn"]
        result = enforcer("status", **named, **there, ENFORCER_HOST=host)
        assert f"warn for all rules on {words}" in result.stdout
        assert f'here is host "{host}", number ' in result.stdout
        assert 'environment "production"' in result.stdout


def test_store_that_can_not_be_made(
    status: Callable[..., dict[str, Any]], named: dict[str, str], folder: Path
) -> None:
    """A path through a file leads nowhere."""
    found = status(**named, ENFORCER_STORE=str(folder / "enforcer.toml" / "uses.db"))

    [problem] = found["problems"]
    assert problem.startswith("the store can't be made: ")
    assert problem.endswith("(store-not-written)")


def test_store_that_is_none(
    status: Callable[..., dict[str, Any]], named: dict[str, str], folder: Path
) -> None:
    """Somebody else's database is told, and left as it is."""
    other = folder / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    before = other.read_bytes()
    found = status(**named, ENFORCER_STORE=str(other))

    assert "(not-a-store)" in found["problems"][0]
    assert other.read_bytes() == before


def test_safe_mode(
    status: Callable[..., dict[str, Any]], named: dict[str, str], folder: Path
) -> None:
    """Why a process that starts here only aliases is the headline, and a problem."""
    found = status(**named, ENFORCER_SAFE="1")
    assert found["summary"] == (
        "In safe mode here: ENFORCER_SAFE is 1. Legacy paths are aliased, no more."
    )
    [problem] = found["problems"]
    assert problem.startswith("In safe mode (environment), because ENFORCER_SAFE is 1: ")
    off = status(**named, ENFORCER_STAGE="off")
    assert off["summary"] == (
        "In safe mode here: ENFORCER_STAGE is off. Legacy paths that are gone are aliased, no more."
    )
    assert "legacy paths that are gone are aliased" in off["problems"][0]
    switch = folder / "enforcer.off"
    switch.touch()
    assert status(**named)["safe_mode"] == f'"{switch}" is there'
    switch.unlink()
    assert status(**named)["safe_mode"] == ""


def test_strict_rules_that_only_record(
    enforcer: Enforcer, named: dict[str, str], folder: Path
) -> None:
    """Who reads "strict" would else expect refusals."""
    (folder / "enforcer.toml").write_text(
        '[enforcer]\ndefault_stage = "strict"\n'
        '[[rule]]\nlegacy = "a"\ncanonical = "b"\nrefuse = false\n'
        '[[rule]]\nlegacy = "c"\ncanonical = "d"\n'
    )
    assert "2 rules: 2 strict (1 without refusing)\n" in enforcer("status", **named).stdout
    dry = enforcer("status", **named, ENFORCER_REFUSE="false").stdout
    assert "2 rules: 2 strict (2 without refusing)\n" in dry


def test_map_that_is_damaged_while_programs_run(
    enforcer: Enforcer, status: Callable[..., dict[str, Any]], named: dict[str, str], folder: Path
) -> None:
    """What holds then is what the file said before, and the store is looked at all the same."""
    assert enforcer("run", "--", "-c", "import os").returncode == 0
    with (folder / "enforcer.toml").open("a") as file:
        file.write("[[rule")
    result = enforcer("status", **named)
    assert (
        "  · what the file said before is in force, from its compiled form (last)\n"
        in result.stdout
    )
    assert status(**named)["enabled"] is True


def test_broken_map_with_a_share_of_the_fleet(
    enforcer: Enforcer, named: dict[str, str], folder: Path
) -> None:
    """The stages of this host are counted in the sound part of a map as in a sound one."""
    (folder / "enforcer.toml").write_text(
        '[[rule]]\nlegacy = "a"\ncanonical = "b"\nstage = "observe"\ncolour = "red"\n'
        '[[stage]]\npercent = 100\nstage = "warn"\n'
    )
    assert "1 rule: 1 warn\n" in enforcer("status", **named).stdout


def test_store_with_blind_processes(enforcer: Enforcer, folder: Path) -> None:
    """What processes could not see lately is told, and how many they were."""
    (folder / "enforcer.toml").write_text('[[rule]]\nlegacy = "live:old"\ncanonical = "live:new"\n')
    (folder / "live.py").write_text(
        "import sys, types\nsys.modules[__name__] = types.SimpleNamespace(new=1)\n"
    )
    for _ in range(2):
        assert enforcer("run", "--", "-c", "import live").returncode == 0
    result = enforcer("status", "--map", "enforcer.toml", "--format", "json")

    found = json.loads(result.stdout)
    assert (result.returncode, found["enabled"]) == (1, True)
    assert (found["store"]["exists"], found["store"]["processes"]) == (True, 2)
    assert found["store"]["last_written"].endswith("Z")
    [problem] = found["problems"]
    assert problem == (
        '2 processes in the last 24 hours: "live" can\'t be watched: its legacy names stay as '
        "they are. (blind)"
    )


def test_extension_modules(
    status: Callable[..., dict[str, Any]],
    enforcer: Enforcer,
    environment: Environment,
    folder: Path,
) -> None:
    """Compiled files that may not get along with an alias are named; that is no error."""
    harmful = environment.site / "fast.abi3.so"
    harmful.write_bytes(b"\x7fELF\0PyImport_AddModule\0shop.old_cart\0shop.old_cart.sub\0")
    (environment.site / "other.abi3.so").write_bytes(b"\x7fELF\0shop.old_cart\0")
    (folder / "own.pyd").write_bytes(b"MZ\0PyModule_GetDict\0shop.older\0")
    found = status("--map", "enforcer.toml")

    assert facts(found) == (True, "Enabled here.", [])
    assert found["extensions"] == {
        "searched": 3,
        "left_out": 0,
        "candidates": [
            {
                "file": str(harmful),
                "calls": ["PyImport_AddModule"],
                "paths": ["shop.old_cart", "shop.old_cart.sub"],
            }
        ],
    }
    asked = ("--python", environment.python, "--map", "enforcer.toml")
    assert (
        f'  ! {harmful} speaks of "shop.old_cart" and calls PyImport_AddModule, which can\'t '
        "take an alias (extension-module)\n"
    ) in enforcer("status", *asked, PYTHONPATH="").stdout


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        (("--map", "nowhere.toml"), "map-not-found"),
        (("--python", "no-such-python"), "python-not-found"),
        (("--python", "true"), "python-not-asked"),
    ],
)
def test_mistakes_in_the_command(enforcer: Enforcer, words: tuple[str, ...], slug: str) -> None:
    """What can't be asked is one line and exit code 2."""
    result = enforcer("status", *words)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("enforcer: ")
    assert result.stderr.endswith(f"({slug})\n")
    assert result.stderr.count("\n") == 1


def test_characters_that_can_not_be_written(folder: Path, environ: dict[str, str]) -> None:
    """An output without the marks gets plain ones."""
    result = in_a_process(["status"], folder, {**environ, "PYTHONIOENCODING": "ascii"})

    assert result.stdout.isascii()
    assert "\n  + CPython" in result.stdout
    assert "\n  x ENFORCER_MAP is not set" in result.stdout
