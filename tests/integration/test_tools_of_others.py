"""Real tools that look at modules and loaders, or write on them, work with aliases as without."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ENVIRONMENT = {
    key: value for key, value in os.environ.items() if not key.startswith(("ENFORCER_", "PYTHON"))
}


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, and expect it to succeed."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**ENVIRONMENT, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def watched(folder: Path, program: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a program with the enforcer enabled from its start."""
    (folder / "program.py").write_text(dedent(program))
    return run(folder, "-m", "enforcer", "run", "--", *(options or ("program.py",)))


def uses(folder: Path) -> dict[tuple[str, str, int], int]:
    """Return what the report counts: legacy path, file and line → uses."""
    report: Any = json.loads(run(folder, "-m", "enforcer", "report", "--format", "json").stdout)
    return {
        (site["path"], site["file"], site["line"]): site["uses"]
        for rule in report["rules"]
        for site in rule["call_sites"]
        if site["mechanism"] != "probe"
    }


def test_templates_of_a_package_in_a_zip(tmp_path: Path) -> None:
    """Jinja2's PackageLoader asks for a zipimporter, and looks into its files."""
    (tmp_path / "enforcer.toml").write_text(
        '[[rule]]\nlegacy = "oldpkg.*"\ncanonical = "newpkg.*"\n'
    )
    with zipfile.ZipFile(tmp_path / "packages.zip", "w") as file:
        file.writestr("newpkg/__init__.py", "")
        file.writestr("newpkg/templates/hello.txt", "hello {{ name }}")
    done = watched(
        tmp_path,
        """
        import sys
        sys.path.append("packages.zip")
        from jinja2 import Environment, PackageLoader
        for package in ("oldpkg", "newpkg"):
            environment = Environment(loader=PackageLoader(package))
            template = environment.get_template("hello.txt")
            print(template.render(name="you"), environment.list_templates())
        """,
    )
    assert done.stdout == "hello you ['hello.txt']\n" * 2
    assert uses(tmp_path) == {("oldpkg", "program.py", 6): 1}


needs_pkg_resources = pytest.mark.skipif(
    importlib.util.find_spec("pkg_resources") is None, reason="setuptools has no pkg_resources"
)


@needs_pkg_resources
def test_entry_points_of_pkg_resources(tmp_path: Path) -> None:
    """`EntryPoint.resolve` imports a module and then its package, by one call in a library."""
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "old.*"\ncanonical = "new.*"\n')
    (tmp_path / "new/p").mkdir(parents=True)
    (tmp_path / "new/__init__.py").touch()
    (tmp_path / "new/p/__init__.py").write_text("def make(): return 1\n")
    (tmp_path / "new/p/q.py").write_text("def make(): return 2\n")
    (tmp_path / "new/p/data.txt").write_text("data")
    done = watched(
        tmp_path,
        """
        import warnings
        warnings.simplefilter("ignore")
        import pkg_resources
        def load(path):
            return pkg_resources.EntryPoint.parse(f"x = {path}:make").resolve()()
        for _ in range(10):
            load("old.p.q"); load("old.p")
        print(pkg_resources.resource_string("old.p", "data.txt"))
        """,
    )
    assert done.stdout == "b'data'\n"
    found: dict[str, int] = {}
    for (path, _, line), count in uses(tmp_path).items():
        if line == 6:
            found[path] = found.get(path, 0) + count
    assert found == {"old.p.q": 10, "old.p": 10}


KERNELS = """
from jupyter_client.manager import start_new_kernel

for _ in range(2):
    manager, client = start_new_kernel(startup_timeout=600)
    for cell in CELLS:
        reply = client.execute_interactive(cell, timeout=600)
        assert reply["content"]["status"] == "ok", reply
    client.stop_channels()
    manager.shutdown_kernel()
"""


def test_cells_of_a_real_kernel(tmp_path: Path) -> None:
    """Two kernels run the same cells: one call site for each, without a process's number."""
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\ncanonical = "new"\n')
    (tmp_path / "new.py").write_text("X = 1\n")
    cells = (
        "import old",
        "def f():\n    from old import X\n    return X\nf(), f()",
        "import importlib; importlib.import_module('old')",
        "%%time\nimport old",
    )
    watched(tmp_path, f"CELLS = {cells!r}\n{KERNELS}")
    report: Any = json.loads(run(tmp_path, "-m", "enforcer", "report", "--format", "json").stdout)
    sites = [site for rule in report["rules"] for site in rule["call_sites"]]
    assert sorted((site["function"], site["line"], site["uses"]) for site in sites) == [
        ("<module>", 1, 2),
        ("<module>", 1, 2),
        ("<module>", 1, 2),
        ("f", 2, 4),
    ]
    assert len({site["file"] for site in sites}) == len(cells)
    assert all(site["file"].startswith("<cell ") for site in sites), sites
    assert {site["relation"] for site in sites} == {"own"}


HOOKS = {
    "typeguard": "from typeguard import install_import_hook\ninstall_import_hook()\n",
    "beartype": "from beartype.claw import beartype_all\nbeartype_all()\n",
}

CHECKED = """
import importlib, inspect

def load():
    from shop.old_cart import X
    import legacy.sub
    from shop import seen
    from shop.live import gone
    importlib.import_module("legacy.sub")
    return X + legacy.sub.Y + seen.S + gone

assert sum(load() for _ in range(10)) == 50

from shop.factories import Shop, make_cart
assert make_cart(1) == ("new", 1, 2)
assert make_cart(1, size=3) == make_cart(context=1, size=3) == ("new", 1, 3)
assert Shop().make(1) == Shop.make(Shop(), context=1) == ("new", 1, 2)
assert str(inspect.signature(make_cart)).startswith("(context: int, size: int = 2)")

try:
    import shop.refused
except ImportError as error:
    assert "legacy-import" in str(error)
else:
    raise AssertionError
enforcer.flush()
assert not enforcer.notices(), enforcer.notices()
enforcer.disable()
import sys
assert type(sys.meta_path) is list
"""

CHECKED_FILES = {
    "shop/__init__.py": "",
    "shop/new_cart.py": "def f(x: int) -> int: return x\nX = f(1)\n",
    "shop/old_cart.py": "",
    "shop/factories.py": """
def make_cart(context: int, size: int = 2) -> tuple:
    return ("old", context, size)

class Shop:
    def make(self, context: int, size: int = 2) -> tuple:
        return ("old", context, size)
""",
    "shop/carts.py": """
def get_cart(user: int, *, size: int = 9) -> tuple:
    return ("new", user, size)
""",
    "shop/seen.py": "S = 1\n",
    "shop/live.py": "here = 1\n",
    "modern/__init__.py": "",
    "modern/sub.py": "Y = 2\n",
}

CHECKED_MAP = """
rule = [
    { legacy = "shop.old_cart", canonical = "shop.new_cart" },
    { legacy = "shop.refused", canonical = "shop.new_cart", stage = "strict" },
    { legacy = "shop.seen", canonical = "shop.new_cart", stage = "observe" },
    { legacy = "shop.live:gone", canonical = "shop.live:here" },
    { legacy = "legacy.*", canonical = "modern.*" },
]

[[factory]]
legacy = "shop.factories:make_cart"
canonical = "shop.carts:get_cart"
arguments = { context = "user" }

[[factory]]
legacy = "shop.factories:Shop.make"
canonical = "shop.carts:get_cart"
arguments = { context = "user" }
"""


@pytest.mark.parametrize("order", ["hook, import, enable", "import, hook, enable", "enable, hook"])
@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_hooks_that_instrument_every_module(tmp_path: Path, hook: str, order: str) -> None:
    """The enforcer's modules are loaded as they are, and everything is watched."""
    acts = {
        "hook": hook,
        "import": "import enforcer\n",
        "enable": 'import enforcer\nenforcer.enable("enforcer.toml")\n',
    }
    for name, text in CHECKED_FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "enforcer.toml").write_text(CHECKED_MAP)
    program = "".join(acts[act] for act in order.split(", ")) + CHECKED
    (tmp_path / "program.py").write_text(program)
    done = run(tmp_path, "program.py")
    # Beartype warns of hints in the standard library.
    assert not re.search(r'(^|[ "])enforcer[.:]', done.stderr, re.MULTILINE), done.stderr

    found: dict[str, int] = {}
    for (path, file, _), count in uses(tmp_path).items():
        assert file == "program.py"
        found[path] = found.get(path, 0) + count
    assert found == {
        "legacy.sub": 20,
        "shop.factories:Shop.make": 2,
        "shop.factories:make_cart": 3,
        "shop.live:gone": 10,
        "shop.old_cart": 10,
        "shop.refused": 1,
        "shop.seen": 10,
    }


TRACED = """
import importlib, importlib.util, sys


def load():
    from shop.old_cart import X
    import legacy.sub
    from shop import seen
    return X + legacy.sub.Y + seen.S


assert sum(load() for _ in range(10)) == 40
assert type(importlib.util.find_spec("shop.plain").loader).__module__.startswith("ddtrace.")
assert importlib.reload(sys.modules["legacy.sub"]).Y == 2
load()
"""


@pytest.mark.component("ddtrace")
@pytest.mark.parametrize("first", ["ddtrace", "enforcer"])
def test_an_application_under_ddtrace_run(tmp_path: Path, first: str) -> None:
    """The tracer puts a `get_code` of its own on the loader of each module that is imported."""
    rules = [("shop.old_cart", "shop.new_cart", "alias"), ("legacy.*", "modern.*", "alias")]
    rules.append(("shop.seen", "shop.new_cart", "observe"))
    tables = (
        f'[[rule]]\nlegacy = "{old}"\ncanonical = "{new}"\nstage = "{stage}"\n'
        for old, new, stage in rules
    )
    files = {
        "enforcer.toml": "".join(tables),
        "program.py": TRACED,
        "shop/__init__.py": "",
        "shop/new_cart.py": "X = 1\n",
        "shop/plain.py": "",
        "shop/seen.py": "S = 1\n",
        "modern/__init__.py": "",
        "modern/sub.py": "Y = 2\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    tracer = str(Path(sys.executable).with_name("ddtrace-run"))
    command = [tracer, sys.executable, "program.py"]
    if first == "enforcer":
        command = [sys.executable, "-m", "enforcer", "run", "--", *command]
    variables = {
        "DD_TRACE_ENABLED": "true",
        "DD_TRACE_AGENT_URL": "http://127.0.0.1:9",  # nobody: nothing is sent
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
        "DD_EXCEPTION_REPLAY_ENABLED": "true",
        "ENFORCER_MAP": str(tmp_path / "enforcer.toml"),
    }
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**ENVIRONMENT, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert uses(tmp_path) == {
        ("shop.old_cart", "program.py", 6): 11,
        ("legacy.sub", "program.py", 7): 11,
        ("shop.seen", "program.py", 8): 11,
    }
