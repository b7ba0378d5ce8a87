"""What containers lack: a writable root, a home, a passwd entry, an init process."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from enforcer.report import build
from enforcer.report.model import Report
from enforcer.rules.loader import load_map
from enforcer.store import StoreError
from tests.patience import EXITS, PATIENCE

pytestmark = pytest.mark.component("unshare")

UNSHARE = shutil.which("unshare") or "unshare"
PAGE = Path(__file__).parents[2] / "docs/containers.md"
MAP = """\
[enforcer]
service = "shop"
sigterm = true
[[rule]]
legacy = "shop.old"
canonical = "shop.new"
"""
PROGRAM = """\
import os, signal, sys, time
from pathlib import Path
assert os.getpid() == 1 and os.getuid() == 12345 and "HOME" not in os.environ
waiting = sys.argv[1:]
if "handles" in waiting:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
for _ in range(120):
    import shop.old
print("ready", flush=True)
while waiting:
    time.sleep(0.05)
"""
# Everything is read-only but a volume. Then the program becomes process 1, as a user whom
# /etc/passwd does not know.
BOX = """\
mount --make-rprivate /
if [ -n "$VOLUME" ]; then mount --bind "$VOLUME" "$VOLUME"; fi
if [ -n "$MEMORY" ]; then mount -t tmpfs tmpfs "$MEMORY"; fi
findmnt -rno TARGET | while read -r point; do
    case $point in
        /proc*|/dev*|"$VOLUME"|"$MEMORY") ;;
        *) mount -o remount,bind,ro "$point" 2>/dev/null ;;
    esac
done
exec unshare --user --map-user=12345 --map-group=12345 -- "$@"
"""


class Box:
    """A container of a kind, with a program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.volume = folder / "volume"
        files = {
            "enforcer.toml": MAP,
            "main.py": PROGRAM,
            "shop/__init__.py": "",
            "shop/new.py": "",
            "shop/old.py": "",
        }
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        self.volume.mkdir()

    def start(
        self, *words: str, volume: bool = True, memory: str = "", **environment: str
    ) -> "subprocess.Popen[str]":
        """Start the program in a container."""
        inside = {
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": "/nowhere",
            "ENFORCER_MAP": str(self.folder / "enforcer.toml"),
            **EXITS,
            **({"ENFORCER_STORE": str(self.volume / "uses.db")} if volume else {}),
            **environment,
        }
        return subprocess.Popen(
            [
                *(UNSHARE, "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"),
                *("sh", "-c", BOX, "sh", "env", "-i"),
                *(f"{name}={value}" for name, value in inside.items()),
                *(sys.executable, str(self.folder / "main.py"), *words),
            ],
            env={
                "PATH": os.environ["PATH"],
                "VOLUME": str(self.volume) if volume else "",
                "MEMORY": memory,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def counted(self) -> int:
        """Return how many uses the store has so far."""
        try:
            return self.report().uses
        except StoreError:
            return 0  # it is being made

    def report(self) -> Report:
        """Read the store on the volume."""
        return build(str(self.volume / "uses.db"))


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Prepare a container; where namespaces can't be made, there is nothing to test."""
    tried = subprocess.run(
        [UNSHARE, "--mount", "--pid", "--fork", UNSHARE, "--user", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        give_up = pytest.skip
        if os.environ.get("ENFORCER_COMPONENTS") == "required":
            give_up = pytest.fail  # type: ignore[assignment]
        give_up(f"no namespaces here: {tried.stderr.strip()}")
    return Box(tmp_path)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for an event."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def program_of(started: "subprocess.Popen[str]") -> int:
    """Return the number that process 1 has outside."""
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text()
    return int(children)


def test_nothing_can_be_written(box: Box) -> None:
    """The program runs as without the enforcer, and what is lost is counted."""
    done = box.start(volume=False)
    out, errors = done.communicate(timeout=PATIENCE)

    assert (done.returncode, out) == (0, "ready\n")
    assert re.fullmatch(
        r"enforcer: 120 uses could not be kept: .*Read-only file system.* name another store in "
        r"ENFORCER_STORE \(store-not-written\)\n",
        errors,
    )


def test_a_volume_is_enough(box: Box) -> None:
    done = box.start()
    assert done.communicate(timeout=PATIENCE) == ("ready\n", "")
    assert (box.report().uses, box.report().dropped) == (120, 0)


@pytest.mark.parametrize("word", ["handles", "waits"])
def test_a_short_grace(box: Box, word: str) -> None:
    """The kernel ignores a SIGTERM of process 1 without a handler; uses are written anyway."""
    started = box.start(word, ENFORCER_FLUSH_INTERVAL="3600")
    program = program_of(started)
    os.kill(program, signal.SIGTERM)
    if word == "waits":
        wait_until(lambda: box.counted() == 120)
        os.kill(program, signal.SIGKILL)
    started.communicate(timeout=PATIENCE)

    assert (started.returncode == 7) == (word == "handles")
    assert box.report().uses == 120


def test_one_store_for_the_pods_of_a_node(box: Box) -> None:
    """All of them are process 1, of one host."""
    pods = [box.start() for _ in range(3)]
    for pod in pods:
        assert pod.communicate(timeout=PATIENCE) == ("ready\n", "")
    assert (box.report().uses, box.report().processes) == (360, 3)


@pytest.mark.parametrize("kind", ["volume", "memory", "read-only"])
def test_a_pod_says_at_start_that_its_store_ends_with_it(box: Box, kind: str) -> None:
    """Once, by its first process; where a volume keeps it, there is nothing to say."""
    place = box.folder / ("volume" if kind == "volume" else "place")
    place.mkdir(exist_ok=True)
    program = (
        "import subprocess, sys\nimport shop.old\nsubprocess.run([sys.executable, '-c', ''])\n"
    )
    (box.folder / "main.py").write_text(program)
    done = box.start(
        volume=kind == "volume",
        memory=str(place) if kind == "memory" else "",
        ENFORCER_STORE=str(place / "uses.db"),
        KUBERNETES_SERVICE_HOST="10.0.0.1",
    )
    _, errors = done.communicate(timeout=PATIENCE)

    why = {"memory": "lies in memory", "read-only": "lies in a file system that is read-only"}
    said = [line for line in errors.splitlines() if line.endswith("(store-not-kept)")]
    assert len(said) == (kind != "volume")
    assert all(why[kind] in line and str(place / "uses.db") in line for line in said)


def test_the_manifest_of_the_page(tmp_path: Path) -> None:
    """It is sound YAML, its map is sound, and its variables and folders agree."""
    text = PAGE.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    config, deployment = yaml.safe_load_all(text)
    (tmp_path / "enforcer.toml").write_text(config["data"]["enforcer.toml"])
    pod: Mapping[str, Any] = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    environ = {one["name"]: one["value"] for one in container["env"]}
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}

    assert load_map(str(tmp_path / "enforcer.toml"), environ=environ).store == (
        f"{mounts['store']}/uses.db"
    )
    assert environ["ENFORCER_MAP"] == f"{mounts['map']}/enforcer.toml"
    assert {volume["name"] for volume in pod["volumes"]} == set(mounts)
