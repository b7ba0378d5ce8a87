"""Write a program with a thousand moved modules, and as many call sites as asked for."""

from pathlib import Path
from typing import Final

from tests.benchmarks.world import MAP_FILE

LEGACY: Final = "old"
CANONICAL: Final = "new"
RULES: Final = 1000

_SITES_IN_A_MODULE: Final = 100


def write_large_world(folder: Path) -> None:
    """Write the map and the modules that moved."""
    package = folder / CANONICAL
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("")
    rules = ["[enforcer]", 'service = "benchmark"']
    for number in range(RULES):
        (package / f"m{number}.py").write_text("X = 1\n")
        rules += [
            "[[rule]]",
            f'legacy = "{LEGACY}.m{number}"',
            f'canonical = "{CANONICAL}.m{number}"',
            'reason = "one place for each thing"',
            'owner = "@team"',
            "since = 2025-01-01",
        ]
    (folder / MAP_FILE).write_text("\n".join(rules) + "\n")


def write_callers(folder: Path, package: str, sites: int) -> list[str]:
    """Write modules whose functions import from a package, and give their names.

    Args:
        folder: where to write.
        package: the legacy or the canonical one.
        sites: how many import statements, spread over all modules that moved.

    """
    modules = []
    for first in range(0, sites, _SITES_IN_A_MODULE):
        numbers = range(first, min(first + _SITES_IN_A_MODULE, sites))
        functions = [f"def f{n}():\n    from {package}.m{n % RULES} import X\n" for n in numbers]
        calls = "".join(f"    f{n}()\n" for n in numbers)
        name = f"calls_{package}_{first}"
        (folder / f"{name}.py").write_text("".join(functions) + f"def main():\n{calls}")
        modules.append(name)
    return modules
