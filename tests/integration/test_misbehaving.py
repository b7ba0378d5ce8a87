"""The page about what to do when the enforcer misbehaves: its commands do what it says."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.recording.safe_mode import SAFE_KEY, SWITCH, switched_off
from tests.commands import in_this_process
from tests.installing import PROJECT
from tests.pages import blocks, shows
from tests.patience import PATIENCE, wait_until
from tests.worlds import World

PAGE = (PROJECT / "docs" / "misbehaving.md").read_text("utf-8")
COMMANDS = [command for block in blocks(PAGE) for command, _ in block]
LOCAL = [one for one in COMMANDS if one.startswith(("enforcer ", "rm "))]
FLEET = [one for one in COMMANDS if one not in LOCAL and "ENFORCER_DEBUG" not in one]
SETTINGS = sorted(set(re.findall(r"`export ([A-Z_]+)=([^`]+)`", PAGE)))

SERVICE = """\
import os, signal, time
from shop.uses import use
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append("stop"))
while not asked:
    assert use() == "new"
    time.sleep(0.01)
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a program whose legacy file is gone, and that is enabled by the environment."""
    world = World(tmp_path)
    world.enable("environment")
    (tmp_path / "shop" / "old.py").unlink()
    return world


@pytest.fixture
def service(world: World) -> Iterator[World]:
    """Run the program for as long as the test does; it has to end well, and to say nothing."""
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.05"
    process = subprocess.Popen(
        [sys.executable, "-c", SERVICE],
        cwd=world.folder,
        env=world.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield world
        process.terminate()
        said, _ = process.communicate(timeout=PATIENCE)
        assert (process.returncode, said) == (0, "")
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def test_a_running_service_is_calmed_and_looked_at(service: World) -> None:
    """In the order of the page: the file, what status and report show, and afterwards."""

    def ask(command: str) -> str:
        words = shlex.split(command)[1:]
        environ = {**service.environment, "COLUMNS": "400"}
        return in_this_process(words, service.folder, environ).stdout

    wait_until(lambda: service.truth > 0)
    (service.folder / SWITCH).touch()
    local = [each for block in blocks(PAGE) for each in block if each[0] in LOCAL]
    assert [command.split()[0] for command, _ in local] == [
        "enforcer",
        "enforcer",
        "rm",
        "enforcer",
    ]
    for command, shown in local:
        if command.startswith("rm "):
            counted = service.report["rules"][0]["uses"]
            subprocess.run(shlex.split(command), cwd=service.folder, check=True)
        else:
            wait_until(
                lambda command=command, shown=shown: shows(ask(command), shown),
                lambda command=command: ask(command),
            )
    before = service.truth
    wait_until(lambda: service.truth > before)
    assert service.report["rules"][0]["uses"] == counted


@pytest.mark.parametrize("setting", [f"{key}={value}" for key, value in SETTINGS])
def test_no_setting_ends_a_program_whose_legacy_file_is_gone(world: World, setting: str) -> None:
    """Also where a rule is strict, for what is said to help there."""
    key, _, value = setting.partition("=")
    if key in (SAFE_KEY, "ENFORCER_STAGE"):
        world.map.write_text(f'{world.map.read_text("utf-8")}stage = "strict"\n', "utf-8")
    is_path = value.startswith("/")
    world.environment[key] = str(world.folder / Path(value).name) if is_path else value
    done = subprocess.run(
        [sys.executable, "-c", "from shop.uses import use\nassert use() == 'new'"],
        cwd=world.folder,
        env=world.environment,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0


def test_settings_are_known() -> None:
    """Each variable is one that the program reads."""
    source = "".join(file.read_text("utf-8") for file in (PROJECT / "enforcer").rglob("*.py"))
    assert len(SETTINGS) >= 6
    for key, _ in SETTINGS:
        assert f'"{key}"' in source, key


def test_a_fleet_is_told_by_the_file_or_the_variable() -> None:
    """Each command makes the file beside the map, or sets the variable."""
    assert len(FLEET) == 5
    folder = re.findall(r"`touch (\S+)/enforcer\.off`", PAGE)
    for command in FLEET:
        words = shlex.split(command)
        if "patch" in words:
            assert json.loads(words[words.index("-p") + 1]) == {"data": {SWITCH: ""}}
        elif words[0] == "kubectl":
            assert f"{SAFE_KEY}=1" in words
        else:
            assert f"{folder[0]}/{SWITCH}" in re.split(r"[\s=]", " ".join(words))


def test_a_second_key_of_a_config_map_is_a_file_beside_the_map(tmp_path: Path) -> None:
    """As kubelet lays a volume out: a folder for everybody, with links to the newest version."""
    version = tmp_path / "..2026_11_30"
    version.mkdir()
    (tmp_path / "..data").symlink_to(version.name)
    for name in ("enforcer.toml", SWITCH):
        (version / name).touch()
        (tmp_path / name).symlink_to(f"..data/{name}")
    tmp_path.chmod(0o777)
    switch = switched_off(str(tmp_path / "enforcer.toml"))
    assert switch is not None
    assert switch.reason == "file"
