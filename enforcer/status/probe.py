"""The program that a probed interpreter runs to describe itself.

``enforcer status`` passes this file's text to ``python -c`` in a process of its own, under the
Python in question. It imports nothing before it has looked, leaves no trace in any store, and
answers with one ``repr`` after a mark, because other code may write to standard output while Python
starts.
"""

import os
import sys

MARK = "\nenforcer-status:"

_OF_A_NAMESAKE = ("enforcer/__init__.py,", "enforcer_startup.pth,")
"""What a distribution's list of files has if it brings a package of this name."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enforcer.recording.notice import Notice
    from enforcer.runtime.process.enforcement import Enforcement


def state() -> "dict[str, Any] | None":
    """Return the state of the enforcer in this process; None if it is not enabled."""
    startup = sys.modules.get("enforcer.startup")
    enforcement = startup.active() if startup is not None else None
    if enforcement is None:
        return None
    migration_map = enforcement.map
    return {
        "map": migration_map.path,
        "root": migration_map.root,
        "service": migration_map.service,
        "stages": [rule.stage for rule in migration_map.rules],
        "safe_mode": enforcement.safe_mode.text if enforcement.safe_mode is not None else "",
        "notices": [(one.kind, one.subject, one.text) for one in _notices(enforcement)],
    }


def _notices(enforcement: "Enforcement") -> "list[Notice]":
    from enforcer.runtime.imports.interference import interference  # noqa: PLC0415 - only if enabled

    said = list(enforcement.notices())
    known = {(notice.kind, notice.subject) for notice in said}
    return said + interference(enforcement.map, enforcement.finder, enforcement.watch, known)


def installation() -> "dict[str, Any]":
    """Return a description of this interpreter, and of the enforcer that is installed for it."""
    modules = sorted(sys.modules)
    import site  # noqa: PLC0415 - nothing is imported before it was looked at

    path = [folder for folder in sys.path if folder]
    sys.path += sys.argv[3:]  # where startup files import the enforcer from by themselves
    folders = list(getattr(site, "getsitepackages", list)())
    return {
        "version": sys.version.partition(" ")[0],
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "free_threaded": "t" in getattr(sys, "abiflags", ""),
        "modules": modules,
        "path": path,
        "site_folders": folders,
        "user_folder": site.getusersitepackages() if site.ENABLE_USER_SITE else "",
        "distributions": _distributions(sys.argv[2]),
        "package": _package(),
    }


def _distributions(own: str) -> "list[dict[str, Any]]":
    """Return the distribution of this name, and others that have a package ``enforcer``."""
    import json  # noqa: PLC0415 - as above
    from importlib import metadata  # noqa: PLC0415 - as above

    found = []
    for distribution in metadata.distributions():
        name = str(distribution.metadata["Name"]).lower().replace("_", "-")
        record = distribution.read_text("RECORD") or ""
        lines = record.splitlines()
        if name != own and not any(line.startswith(_OF_A_NAMESAKE) for line in lines):
            continue
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
        found.append(
            {
                "name": name,
                "version": distribution.version,
                "folder": str(distribution.locate_file("")),
                "url": origin.get("url", ""),
                "editable": bool(origin.get("dir_info", {}).get("editable")),
            }
        )
    return found


def _package() -> "dict[str, Any] | None":
    try:
        import enforcer  # noqa: PLC0415 - as above
        from enforcer.runtime.imports.self_check import blind_spots  # noqa: PLC0415 - as above

        return {
            "version": enforcer.__version__,
            "file": str(enforcer.__file__),
            "blind": blind_spots(),
            "error": "",
        }
    except ModuleNotFoundError as error:
        if error.name == "enforcer":
            return None
        return {"version": "", "file": "", "blind": [], "error": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return {"version": "", "file": "", "blind": [], "error": repr(error)}


if __name__ == "__main__":
    answer = {"state": state, "installation": installation}[sys.argv[1]]()
    sys.stdout.write(f"{MARK}{answer!r}\n")
    sys.stdout.flush()
    # Without exit handlers: an enabled enforcer would record this process when it ends.
    os._exit(0)
