"""Write the packages that the measured processes import.

Every mechanism gets the same canonical code, in a folder of its own:

- ``a``: a package whose child ``a.old`` moved to ``a.new``;
- ``canonical``: a module that ``legacy`` moved to;
- ``b.new``: a canonical module in a package without a legacy child;
- ``live``: a module that lives on, in which one name was renamed;
- ``unrelated`` and ``u.sub``: modules that no rule speaks of.
"""

import compileall
from pathlib import Path
from typing import Final

from tests.benchmarks.mechanisms import SHIMS

MAP_FILE: Final = "enforcer.toml"
LEGACY_MODULES: Final = {"a.old": "a.new", "legacy": "canonical"}
STATEMENTS_IN_A_LOOP: Final = 10

_MAP: Final = """\
[enforcer]
service = "benchmark"

[[rule]]
legacy = "a.old"
canonical = "a.new"

[[rule]]
legacy = "legacy"
canonical = "canonical"

[[rule]]
legacy = "legacy_b"
canonical = "b.new"

[[rule]]
legacy = "live:old_name"
canonical = "live:new_name"
"""

_CANONICAL: Final = """\
VALUE = 1


class X:
    pass
"""

_FILES: Final = {
    MAP_FILE: _MAP,
    "a/__init__.py": "VALUE = 1\n",
    "a/new.py": _CANONICAL,
    "b/__init__.py": "VALUE = 1\n",
    "b/new.py": _CANONICAL,
    "canonical.py": _CANONICAL,
    "live.py": "VALUE = 1\nnew_name = 2\n",
    "u/__init__.py": "",
    "u/sub.py": _CANONICAL,
    "unrelated.py": _CANONICAL,
}


def write_world(folder: Path, mechanism: str) -> Path:
    """Write the packages for one mechanism and give the map's path."""
    shim = SHIMS.get(mechanism, "")
    files = dict(_FILES)
    if shim:
        for legacy, canonical in LEGACY_MODULES.items():
            files[legacy.replace(".", "/") + ".py"] = shim.format(canonical=canonical)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / MAP_FILE


def write_timed(folder: Path, module: str, statements: dict[str, str], setup: str = "") -> None:
    """Write a module with one timed function for each statement.

    Each function repeats its statement several times within the loop, so that the
    loop itself weighs next to nothing; they are listed in ``CASES``.
    """
    lines = ["from importlib import import_module", "from itertools import repeat", setup]
    for number, statement in enumerate(statements.values()):
        lines += [f"def case_{number}(loops):", "    for _ in repeat(None, loops):"]
        lines += [f"        {statement}"] * STATEMENTS_IN_A_LOOP
    cases = ", ".join(f"{key!r}: case_{number}" for number, key in enumerate(statements))
    lines.append(f"CASES = {{{cases}}}")
    (folder / f"{module}.py").write_text("\n".join(lines) + "\n")


def write_tiny_modules(folder: Path, count: int) -> list[str]:
    """Write and compile tiny modules, half of them in a package; give their names."""
    (folder / "bulk").mkdir(parents=True, exist_ok=True)
    (folder / "bulk" / "__init__.py").write_text("")
    names = [f"bulk.tiny_{number}" for number in range(count // 2)]
    names += [f"tiny_{number}" for number in range(count - len(names))]
    for name in names:
        path = folder / (name.replace(".", "/") + ".py")
        path.write_text(f"NAME = {name!r}\n")
    return names


def compile_folder(folder: Path) -> None:
    """Write the bytecode of everything below a folder, for this interpreter."""
    compileall.compile_dir(folder, quiet=1)
