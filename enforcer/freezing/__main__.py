"""Print the canonical modules of a migration map, for freezers without a hook.

The argument is the map; without one it is searched for, as by the commands.
"""

import sys
from pathlib import Path

from enforcer.errors import EnforcerError
from enforcer.freezing import modules_of
from enforcer.rules.loader import load_map
from enforcer.rules.location import find_map


def main() -> int:
    """Print one name on each line; exit with 2 if there is no map, or a broken one."""
    path = sys.argv[1] if len(sys.argv) > 1 else find_map(str(Path.cwd()))
    try:
        sys.path.insert(0, str(Path.cwd()))
        names = modules_of(load_map(path or "enforcer.toml"))
    except EnforcerError as error:
        sys.stderr.write(f"enforcer: {error}\n")
        return 2
    sys.stdout.writelines(f"{name}\n" for name in names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
