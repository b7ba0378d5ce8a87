"""Switch a running process into safe mode, and see what it has recorded by then."""

import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.recording.safe_mode import SAFE_KEY, safe_mode_at_start
from enforcer.rules import environment
from tests.patience import PATIENCE
from tests.worlds import World

pytestmark = pytest.mark.process

SETUP = """
import os, sys, threading, time
import enforcer
from enforcer.startup import active
from shop.uses import use
leader = active().reporters[0]
"""
SWITCHED = """
while not active().safe_mode:
    time.sleep(0.001)
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a program that is enabled by the environment, and writes all the time."""
    world = World(tmp_path)
    world.enable("environment")
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.05"
    return world


def run(world: World, program: str) -> str:
    """Run a program after the setup."""
    return world.run([sys.executable, "-c", SETUP + program])


def blind(world: World) -> list[str]:
    """Return what the report says of processes in safe mode."""
    report = world.report
    said = [one for one in report["notices"] if one["subject"] == "safe mode"]
    watched = report["watched"]
    assert watched["blind"] == sum(one["processes"] for one in said)
    assert watched["vanished"] == watched["not_ended"] == 0
    return [str(one["text"]) for one in said]


def uses(world: World) -> int:
    """Return how many uses were recorded."""
    return sum(rule["uses"] for rule in world.report["rules"])


def test_a_file_beside_the_map_switches_a_running_process(world: World) -> None:
    """What was counted is written, nothing is counted from then on, and no object changes."""
    run(
        world,
        f"""
import shop.old, shop.new
from shop import old
use(3)
before = shop.old, old, shop.old.price, sys.modules["shop.old"], type(sys.modules["shop"])
open("enforcer.off", "w").close()
{SWITCHED}
use(2)
import shop.old
from shop import old
assert before == (shop.old, old, shop.old.price, sys.modules["shop.old"], type(sys.modules["shop"]))
assert shop.old.price is shop.new.price
os.unlink("enforcer.off")
thread = leader._last
while thread._done.locked():
    time.sleep(0.001)
assert active().safe_mode and leader._is_stopped
use(2)
""",
    )
    assert uses(world) == 3 + 4  # with what the program itself imports and reads off the package
    (text,) = blind(world)
    assert text.startswith("In safe mode (file), because ")
    assert str(world.folder / "enforcer.off") in text


def test_one_delivery_after_the_file_is_there_switches(world: World) -> None:
    """Switching takes at most one flush interval."""
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "3600"
    run(
        world,
        """
use()
open("enforcer.off", "w").close()
assert active().safe_mode is None
leader._deliver()
assert active().safe_mode.reason == "file"
use()
""",
    )
    assert uses(world) == 1
    assert len(blind(world)) == 1


@pytest.mark.parametrize("stage", ["warn", "strict", "removed"])
def test_nothing_is_refused_any_more(world: World, stage: str) -> None:
    """By `enforcer.safe()`, which returns when everything is written."""
    world.map.write_text(
        f'[[rule]]\nlegacy = "shop.old"\ncanonical = "shop.new"\nstage = "{stage}"\n'
        f'[[rule]]\nlegacy = "shop.live:gone"\ncanonical = "shop.new:price"\nstage = "{stage}"\n'
    )
    world.write("shop/live.py", "")
    (world.folder / "shop" / "old.py").unlink()
    run(
        world,
        """
import warnings
warnings.simplefilter("error")
import shop.live
def refused(call):
    try:
        call()
    except (ImportError, AttributeError, Warning):
        return True
assert refused(use) and refused(lambda: shop.live.gone)
enforcer.safe()
files = sorted(os.listdir(".enforcer"))
assert use() == "new" and shop.live.gone() == "new"
from shop import old
import shop.old, shop.new
assert shop.old.price is shop.live.gone is shop.new.price
enforcer.flush()
assert sorted(os.listdir(".enforcer")) == files
assert os._exit.__module__ == "posix" and threading.active_count() == 1
""",
    )
    (text,) = blind(world)
    assert text.startswith("In safe mode (call), because enforcer.safe() was called: ")


@pytest.mark.parametrize(
    ("value", "is_safe"), [("1", True), ("yes", True), ("0", False), ("off", False), (" ", False)]
)
def test_values_of_the_variable(
    monkeypatch: pytest.MonkeyPatch,
    value: str,
    is_safe: bool,  # noqa: FBT001 - a parameter
) -> None:
    """What says no is no; and nobody decides for a program with rights that are not theirs."""
    monkeypatch.setenv(SAFE_KEY, value)
    assert (safe_mode_at_start("") is not None) is is_safe
    monkeypatch.setattr(environment, "has_foreign_rights", lambda: True)
    assert safe_mode_at_start("") is None


def test_a_process_without_uses_says_so_too(world: World) -> None:
    """It loads no SQLite for that where it may leave a note."""
    run(world, "use()\n")
    run(world, "enforcer.safe()\nassert 'sqlite3' not in sys.modules\n")
    assert uses(world) == 1
    assert len(blind(world)) == 1


def test_children_of_a_switched_process_are_safe(world: World) -> None:
    run(
        world,
        """
use()
enforcer.safe()
pid = os.fork()
if not pid:
    use()
    enforcer.flush()
    os._exit(0 if active().safe_mode and not active().reporters else 1)
assert os.waitpid(pid, 0)[1] == 0
""",
    )
    assert uses(world) == 1
    assert world.report["processes"] == 1


def test_a_process_that_begins_in_safe_mode_leaves_a_note(world: World) -> None:
    """Where the store lies below the map's folder; nowhere else is anything touched."""
    run(world, "use()\n")
    world.environment["ENFORCER_SAFE"] = "yes"
    begin = "import os, sys, enforcer\nfrom shop.uses import use\nuse()\n"
    world.run([sys.executable, "-c", begin + "assert 'sqlite3' not in sys.modules"])
    (text,) = blind(world)
    assert text.startswith("In safe mode (environment), because ENFORCER_SAFE is yes: ")
    assert uses(world) == 1
    assert world.report["processes"] == 2
    other = world.folder.parent / "elsewhere.db"
    other.touch()
    world.environment["ENFORCER_STORE"] = str(other)
    world.run([sys.executable, "-c", begin])
    assert [file.name for file in world.folder.parent.glob("elsewhere.db*")] == ["elsewhere.db"]


FAILING = """
from enforcer.runtime.imports.callers import Ownership
def fail(*_):
    raise KeyError("a bug")
"""


def test_own_errors_switch_a_process(world: World) -> None:
    """After ten of them, with one line; the imports that met them got what they asked for."""
    done = run_with_line(
        world,
        FAILING
        + """
Ownership.site = fail
for _ in range(20):
    exec(compile("from shop.old import price", f"<{_}>", "exec"))
    assert price() == "new"
assert active().safe_mode.reason == "errors"
""",
    )
    assert done.count("\n") == 1
    assert done.startswith("enforcer: In safe mode (errors), because 10 errors of its own came up")
    assert "KeyError('a bug')" in done
    assert done.endswith("Please report it (safe-mode)\n")
    assert blind(world) != []


@pytest.mark.parametrize(("error", "reason"), [("KeyError", "errors"), ("OSError", "none")])
def test_only_a_mistake_in_a_delivery_switches_a_process(
    world: World, error: str, reason: str
) -> None:
    """A store that is locked or a disk that is full for a minute stops no counting."""
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "3600"
    done = run_with_line(
        world,
        f"""
from enforcer.store.sqlite.writer import Store
whole, Store.write = Store.write, lambda *_: exec("raise {error}('no')")
use()
for _ in range(12):
    leader._deliver()
if not active().safe_mode:
    Store.write = whole
assert getattr(active().safe_mode, "reason", "none") == "{reason}"
""",
    )
    is_switched = reason == "errors"
    assert ("In safe mode (errors)" in done) is is_switched
    # Its last delivery failed as well, and it said so.
    assert ("1 use could not be kept: KeyError('no')" in done) is is_switched
    assert uses(world) == (0 if is_switched else 1)


def test_an_error_in_what_answers_leaves_a_plain_alias(world: World) -> None:
    """Where the legacy file is gone, no error of ours takes the alias away."""
    (world.folder / "shop" / "old.py").unlink()
    done = run_with_line(
        world,
        """
import enforcer.runtime.imports.answers
import shop.new
enforcer.runtime.imports.answers.get_ident = None  # a bug: it can't be called
import shop.old
assert shop.old is shop.new and use() == "new"
""",
    )
    assert done == ""


def test_an_error_of_the_program_is_the_programs(world: World) -> None:
    """An error that a package raises while it is looked for is neither counted nor hidden."""
    world.map.write_text('[[rule]]\nlegacy = "shop.gone"\ncanonical = "shop.broken.inner"\n')
    world.write("shop/broken/__init__.py", "raise ValueError('mine')\n")
    (world.folder / "shop" / "broken" / "inner.py").touch()
    run(
        world,
        """
for _ in range(20):
    try:
        import shop.gone
    except ValueError as error:
        assert str(error) == "mine"
    else:
        raise AssertionError
assert active().safe_mode is None
""",
    )


def test_what_can_not_begin_leaves_plain_aliases(world: World) -> None:
    """Where what watches imports fails before it watches."""
    (world.folder / "shop" / "old.py").unlink()
    done = run_with_line(
        world,
        """
import enforcer.runtime.process.enforcement as enforcement
def fail(self, **_):
    raise KeyError("a bug")
enforcement.Enforcement.begin = fail
active()._watch.clear()
import shop.old, shop.new
assert shop.old is shop.new and active().safe_mode.reason == "errors"
""",
    )
    assert len(blind(world)) == 1
    assert done == "enforcer: nothing is watched: KeyError('a bug') (not-begun)\n"


def run_with_line(world: World, program: str) -> str:
    """Run a program that ends well; return what it wrote to standard error."""
    done = subprocess.run(
        [sys.executable, "-c", SETUP + program],
        cwd=world.folder,
        env=world.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr
