"""Run the conformance suite on every other CPython from 3.11 on that can be found.

Looked at are pyenv's versions and ``python3.N`` on PATH, free-threaded builds too. Each gets a
virtual environment below ``.venvs/``. Usage: ``python tests/conformance/everywhere.py``.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)
NEWEST_LOOKED_FOR = 30

DESCRIBE = """
import json, platform, sys, sysconfig
print(json.dumps({
    "implementation": platform.python_implementation(),
    "version": platform.python_version(),
    "tuple": sys.version_info[:3],
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "real": sys._base_executable,
}))
"""


def candidates() -> list[str]:
    """List what may be an interpreter, pyenv's first."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [str(path) for path in sorted(root.glob("versions/*/bin/python"))]
    for minor in range(OLDEST[1], NEWEST_LOOKED_FOR):
        for suffix in ("", "t"):
            path = shutil.which(f"python3.{minor}{suffix}")
            if path is not None:
                found.append(path)
    return found


def describe(path: str) -> dict[str, object] | None:
    """Ask an interpreter what it is; None if it is none."""
    try:
        done = subprocess.run(
            [path, "-c", DESCRIBE], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    described: dict[str, object] = json.loads(done.stdout)
    return described


def others() -> dict[str, str]:
    """Give the other interpreters: a name for each, and its path."""
    own = describe(sys.executable)
    found: dict[str, str] = {}
    for path in candidates():
        about = describe(path)
        if about is None or about["implementation"] != "CPython":
            continue
        if tuple(about["tuple"]) < OLDEST:  # type: ignore[arg-type]
            continue
        name = f"{about['version']}{'t' if about['free_threaded'] else ''}"
        same = own is not None and about["version"] == own["version"]
        if not (same and about["free_threaded"] == own["free_threaded"]):
            found.setdefault(name, path)
    return found


def build(folder: str) -> str:
    """Build the wheel that all interpreters install."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    words = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, "."]
    subprocess.run(words, check=True, cwd=PROJECT)
    return str(next(Path(folder).glob("*.whl")))


def check(name: str, path: str, wheel: str) -> bool:
    """Run the suite on one interpreter; tell whether it passed."""
    environment = PROJECT / ".venvs" / name
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([path, "-m", "venv", str(environment)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
    subprocess.run([*pip, "--editable", ".", "--group", "test"], check=True, cwd=PROJECT)
    suite = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2"]
    suite += ["tests/conformance"]
    environ = {**os.environ, "CONFORMANCE_WHEEL": wheel}
    done = subprocess.run(suite, check=False, cwd=PROJECT, env=environ)
    return done.returncode == 0


def main() -> int:
    """Find, say what was found, run."""
    found = others()
    say = sys.stdout.write
    say(f"Conformance on other CPythons: {', '.join(found) or 'none found'}\n")
    failed = []
    with TemporaryDirectory() as folder:
        wheel = build(folder) if found else ""
        for name, path in found.items():
            say(f"\n== CPython {name}\n")
            sys.stdout.flush()
            if not check(name, path, wheel):
                failed.append(name)
    if failed:
        say(f"\nfailed on CPython {', '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
