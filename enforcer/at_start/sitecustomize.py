"""Enable the enforcer if Python reads no ``.pth`` file of it.

``pip install --target`` fills a folder for ``PYTHONPATH``, and Python reads ``.pth`` files in site
folders only. The folder of this file, put on the path before that one, enables it all the same;
``enforcer run`` does so by itself. Afterwards it imports a ``sitecustomize`` of the program's own.
"""  # noqa: INP001 - a folder for PYTHONPATH, not a package

import os
import sys


def _enable(package: str) -> None:
    if not os.environ.get("ENFORCER_MAP"):
        return
    sys.path.append(os.path.dirname(package))  # noqa: PTH120 - light
    try:
        from enforcer.startup import enable_from_environment  # noqa: PLC0415 - only if asked
    finally:
        sys.path.pop()
    enable_from_environment()


# site.py imports the one module `sitecustomize` that it finds first. This file was found before the
# program's, so it imports that one itself.
def _make_way(folder: str) -> None:
    own = sys.modules.pop("sitecustomize")
    sys.path[:] = [other for other in sys.path if other != folder]
    try:
        __import__("sitecustomize")
    except ModuleNotFoundError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = own


_here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - light
try:
    _enable(os.path.dirname(_here))  # noqa: PTH120 - light
finally:
    _make_way(_here)
