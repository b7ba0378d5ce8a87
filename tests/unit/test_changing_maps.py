"""What a process watches by when the map's file changes, or is none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.rules import cache
from enforcer.rules.loader import load_map
from enforcer.rules.mistakes import MapError
from enforcer.rules.regular_files import MOST_BYTES, read_regular
from tests.patience import PATIENCE, environment_without

RULE = '[[rule]]\nlegacy = "{}"\ncanonical = "b"\n'
CHILD = """\
import enforcer
from enforcer import startup
active = startup.active()
print([rule.legacy for rule in active.map], [(n.kind, n.subject) for n in enforcer.notices()])
"""
PARENT = """\
import os, subprocess, sys
from pathlib import Path
{before}
Path({map!r}).write_text({new!r})
for path in Path({map!r}).parent.glob({forget!r}):
    path.unlink()
sys.stdout.flush()
subprocess.run([sys.executable, "-c", {child!r}], check=True, env=dict(os.environ, {more}))
"""


def run(
    folder: Path,
    *,
    new: str = RULE.format("new"),
    forget: str = "nothing",
    more: str = "",
    by_code: bool = False,
    **environment: str,
) -> tuple[str, str]:
    """Change the map under a program that then starts another; return what that one wrote."""
    file = folder / "enforcer.toml"
    file.write_text(RULE.format("old"))
    enabling = f"import enforcer; enforcer.enable({str(file)!r}, store=False)\n"
    child = (enabling if by_code else "") + CHILD
    before = enabling if by_code else ""
    named = {} if by_code else {"ENFORCER_MAP": str(file)}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            PARENT.format(
                before=before, map=str(file), new=new, forget=forget, child=child, more=more
            ),
        ],
        cwd=folder,
        env={**environment_without("ENFORCER"), "HOME": str(folder), **named, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


@pytest.mark.process
@pytest.mark.parametrize("by_code", [False, True])
def test_a_child_has_the_map_of_its_parent(tmp_path: Path, *, by_code: bool) -> None:
    """A worker that a server starts after the map was edited, or half-written."""
    for new in (RULE.format("new"), "", "[[rule"):
        assert run(tmp_path, new=new, by_code=by_code) == ("['old'] []", "")


@pytest.mark.process
def test_a_child_reads_the_file_if_it_is_told_so(tmp_path: Path) -> None:
    assert run(tmp_path, ENFORCER_MAP_DIGEST="latest") == ("['new'] []", "")
    assert run(tmp_path, more='ENFORCER_MAP_DIGEST="latest"')[0] == "['new'] []"


@pytest.mark.process
def test_a_child_with_another_map_has_that_one(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(RULE.format("other"))
    assert run(tmp_path, more=f"ENFORCER_MAP={str(other)!r}")[0] == "['other'] []"


@pytest.mark.process
def test_a_child_notes_that_the_map_of_its_parent_is_gone(tmp_path: Path) -> None:
    file = str(tmp_path / "enforcer.toml")
    assert run(tmp_path, forget=".enforcer/*") == (f"['new'] [('map', {file!r})]", "")


@pytest.mark.process
def test_a_map_without_rules_is_said_once(tmp_path: Path) -> None:
    """What an editor has emptied and not yet written is a valid map."""
    file = tmp_path / "enforcer.toml"
    file.touch()
    program = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {CHILD!r}])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment_without("ENFORCER"), "ENFORCER_MAP": str(file)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    expected = (
        f'enforcer: "{file}" has no rules: nothing is watched (no-rules). Was it being written?'
    )
    assert done.stderr.splitlines() == [expected]
    assert done.stdout.strip() == f"[] [('empty', {str(file)!r})]"


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_as_map_holds_up_nothing(tmp_path: Path) -> None:
    file = tmp_path / "enforcer.toml"
    os.mkfifo(file)
    done = subprocess.run(
        [sys.executable, "-c", "print('ran')"],
        env={**environment_without("ENFORCER"), "ENFORCER_MAP": str(file)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stdout == "ran\n"
    assert "the map can't be read: it is a named pipe, no file." in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("command", ["check", "verify", "gate"])
def test_a_pipe_as_map_holds_up_no_command(tmp_path: Path, command: str) -> None:
    file = tmp_path / "enforcer.toml"
    os.mkfifo(file)
    done = subprocess.run(
        [sys.executable, "-m", "enforcer", command, "--map", str(file)],
        env=environment_without("ENFORCER"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert "it is a named pipe, no file" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["folder", "device", "long"])
def test_only_regular_files_of_some_length_are_read(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "map.toml"
    if kind == "folder":
        file.mkdir()
    elif kind == "device":
        file.symlink_to("/dev/zero")
    else:
        with file.open("wb") as out:
            out.truncate(MOST_BYTES + 1)
    with pytest.raises(MapError, match="can't be read: "):
        load_map(str(file))


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_bytes(b"x\r\n" * 1_000_000)
    assert read_regular(str(file)) == file.read_bytes()


def test_the_last_few_maps_are_kept_compiled(tmp_path: Path) -> None:
    """And a digest that no cache has is no mistake."""
    file = tmp_path / "enforcer.toml"
    digests = []
    for number in range(6):
        file.write_text(RULE.format(f"old{number}"))
        digests.append(load_map(str(file), cached=True).digest)
    assert len(list(tmp_path.glob(".enforcer/*.cache"))) == cache._MOST_KEPT  # noqa: SLF001
    for number, wanted in enumerate(digests):
        rules = list(load_map(str(file), cached=True, wanted=wanted))
        assert rules[0].legacy == ("old5" if number < 2 else f"old{number}")


@pytest.mark.process
def test_nothing_is_left_after_disabling(tmp_path: Path) -> None:
    """What is enabled again in one process is read again."""
    file = tmp_path / "enforcer.toml"
    file.write_text(RULE.format("old"))
    program = f"""
import enforcer, json, os
from enforcer import startup
from pathlib import Path
seen = []
for legacy in ("old", "new"):
    Path({str(file)!r}).write_text({RULE!r}.format(legacy))
    enforcer.enable({str(file)!r}, store=False)
    seen.append([rule.legacy for rule in startup.active().map])
    enforcer.disable()
print(json.dumps([seen, "ENFORCER_MAP_DIGEST" in os.environ]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment_without("ENFORCER"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert json.loads(done.stdout) == [[["old"], ["new"]], False], done.stderr
