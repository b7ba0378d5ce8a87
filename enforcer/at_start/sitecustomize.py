"""Enable the enforcer where Python reads no file of it in a site folder.

``pip install --target`` fills a folder that is put on ``PYTHONPATH``, and Python reads no
``.pth`` file there. The folder of this file, put before that one, enables all the same;
``enforcer run`` does so by itself. It makes way for a ``sitecustomize`` of the program's own.
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
