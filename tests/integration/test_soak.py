"""Many processes with many threads import legacy modules, and each use is in the store.

``SOAK_SECONDS=60`` is what ``make soak`` does.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from enforcer.report import build
from enforcer.store import StoreError
from tests.patience import PATIENCE, environment_without

WORKER = Path(__file__).parent / "soaking" / "worker.py"
SECONDS = float(os.environ.get("SOAK_SECONDS", "5"))

MODULES = {
    "new/__init__.py": "",
    "new/a.py": "class X: pass\ndef f(): pass\n",
    "new/b.py": "Y = 1\n",
    "par/__init__.py": "",
    "par/mod.py": "def current(): pass\n",
    "par/relative.py": 'def ask():\n    "Ask."\n    from . import old\n    from .old import X\n',
    "seen/__init__.py": "",
    "seen/s.py": "W = 1\n",
}
RULES = (
    ("old.*", "new.*", "alias"),
    ("par.old", "new.a", "alias"),
    ("par.mod:legacy", "par.mod:current", "alias"),
    ("seen.*", "gone.*", "observe"),
    ("warned.*", "new.*", "warn"),
)
WORKERS = {
    "spawned_0": "exit",
    "spawned_1": "end",
    "spawned_2": "join",
    "spawned_3": "exit",
    "forked": "forking",
}

Site = tuple[str, str, int]


def write(folder: Path) -> None:
    for name, source in MODULES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    rules = [
        f'[[rule]]\nlegacy = "{legacy}"\ncanonical = "{canonical}"\nstage = "{stage}"\n'
        for legacy, canonical, stage in RULES
    ]
    (folder / "enforcer.toml").write_text("[enforcer]\n" + "".join(rules))
    (folder / "truth").mkdir()
    shutil.copy(WORKER, folder)


def start(folder: Path) -> list[subprocess.Popen[bytes]]:
    environment = {
        **environment_without("ENFORCER"),
        "ENFORCER_MAP": str(folder / "enforcer.toml"),
        "ENFORCER_FLUSH_INTERVAL": "0.5",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
    }
    until = time.time() + SECONDS
    return [
        subprocess.Popen(
            [sys.executable, "worker.py", name, kind, str(until)], cwd=folder, env=environment
        )
        for name, kind in WORKERS.items()
    ]


def counted(store: Path) -> Counter[Site]:
    found: Counter[Site] = Counter()
    for rule in build(str(store)).rules:
        for site in rule.call_sites:
            found[site.path, site.file, site.line] += site.uses
    return found


def watch(store: Path, workers: list[subprocess.Popen[bytes]]) -> int:
    """Read the store again and again until all have ended; it never gives less than before."""
    looks = most = 0
    patient_until = time.monotonic() + SECONDS + PATIENCE
    while any(worker.poll() is None for worker in workers):
        assert time.monotonic() < patient_until
        try:
            total = counted(store).total()
        except StoreError:
            total = 0  # nobody has written yet
        assert total >= most
        most = total
        looks += 1
        time.sleep(0.2)
    return looks


def truth(folder: Path) -> Counter[Site]:
    made: Counter[Site] = Counter()
    for file in folder.glob("truth/*.json"):
        for path, name, line, count in json.loads(file.read_text()):
            made[path, name, line] += count
    return made


def test_every_use_of_every_thread_is_in_the_store(tmp_path: Path) -> None:
    """Eight processes of four threads, half of them forked, and short-lived ones in between."""
    folder = tmp_path
    write(folder)
    store = folder / ".enforcer" / "uses.db"
    workers = start(folder)
    try:
        looks = watch(store, workers)
    finally:
        for worker in workers:
            worker.kill()
    assert [worker.wait(PATIENCE) for worker in workers] == [3, 0, 0, 3, 0]
    assert [file.read_text() for file in folder.glob("truth/*.failed")] == []
    assert looks > 1

    made, found = truth(folder), counted(store)
    wrong = {site: (found[site], made[site]) for site in made | found if found[site] != made[site]}
    assert not wrong, f"(recorded, made): {wrong}"
    assert build(str(store)).dropped == 0
    print(f"{made.total():,} uses made, {found.total():,} in the store")  # noqa: T201 - see make soak
