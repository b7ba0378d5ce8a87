"""Enable in one way, and run a program in a process of its own that may be no ordinary one.

Usage: ``python drive_site.py FOLDER``. The folder holds ``enforcer.toml`` and ``main.py``, and
``sites/`` has the site folders: they are read here as Python reads them when it starts, which an
interpreter that was compiled to WebAssembly has done long before there is a folder. Without
them, the enforcer is enabled in code. What was recorded goes to ``uses.json``.
"""

import importlib
import json
import os
import runpy
import site
import sys
from pathlib import Path


def main():
    folder = Path(sys.argv[1])
    os.chdir(folder)
    sys.path[0] = str(folder)
    sites = sorted(folder.glob("sites/*"))
    os.environ["ENFORCER_MAP"] = "enforcer.toml"
    for each in sites:
        site.addsitedir(str(each))
    assert ("enforcer" in sys.modules) is bool(sites)
    enforcer = importlib.import_module("enforcer")
    if not sites:
        enforcer.enable("enforcer.toml", store=False)
    runpy.run_path(str(folder / "main.py"))
    finders = [type(finder).__module__ for finder in sys.meta_path]
    uses = [[use.site.file, use.site.line, use.count] for use in enforcer.collect()[0]]
    found = [sum(name.startswith("enforcer") for name in finders), uses]
    (folder / "uses.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
