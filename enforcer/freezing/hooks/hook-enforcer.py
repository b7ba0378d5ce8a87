"""Bundle the enforcer, its map, and the canonical modules that only the map names.

PyInstaller runs this file when a program imports ``enforcer``. The map is the one that
``ENFORCER_MAP`` names where the program is frozen, or that of the working directory.
"""

import os

from PyInstaller.utils.hooks import logger

from enforcer.errors import EnforcerError
from enforcer.freezing import modules_of
from enforcer.rules.loader import load_map
from enforcer.rules.location import find_map

# Imported in functions, some of them by threads.
hiddenimports = ["enforcer.startup", "sqlite3"]
# Commands and pages, which no watched program needs.
excludedimports = ["enforcer.cli", "enforcer.dashboard", "enforcer.demo", "enforcer.testing"]
datas = []

_path = os.environ.get("ENFORCER_MAP", "").strip() or find_map(os.getcwd())
if _path:
    try:
        _map = load_map(_path)
    except EnforcerError as error:
        logger.error("enforcer: %s", error)
        raise SystemExit(2) from None
    hiddenimports += modules_of(_map)
    datas += [(file, ".") for file in (_map.path, _map.baseline) if file]
else:
    logger.warning("enforcer: no migration map was found, so no canonical module is added")
