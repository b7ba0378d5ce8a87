"""A notebook's kernel observes legacy modules, and %autoreload goes on reloading them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_real_packages import ENVIRONMENT, report

pytestmark = pytest.mark.component("ipykernel", "jupyter_client")

PATIENCE = 120
RULES = """
[[rule]]
legacy = "pkg.old"
canonical = "pkg.new"
stage = "observe"
[[rule]]
legacy = "pkg.live:g"
canonical = "pkg.live:f"
stage = "observe"
"""
BODY = "value = {0}\ndef f(): return {0}\n"


class Notebook:
    """Run cells in a kernel of its own."""

    def __init__(self, folder: Path) -> None:
        from jupyter_client.manager import start_new_kernel  # noqa: PLC0415 - a component

        self.folder = folder
        self.manager, self.client = start_new_kernel(
            cwd=str(folder),
            env={
                **ENVIRONMENT,
                "ENFORCER_MAP": str(folder / "enforcer.toml"),
                "IPYTHONDIR": str(folder / "ipython"),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": str(folder),
            },
            startup_timeout=PATIENCE,
        )

    def run(self, cell: str) -> str:
        """Run a cell; return what it printed."""
        printed: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                printed.append(content["text"])
            elif message["msg_type"] == "error":
                printed.append("\n".join(content["traceback"]))

        answer = self.client.execute_interactive(cell, output_hook=hear, timeout=PATIENCE)
        assert answer["content"]["status"] == "ok", "".join(printed)
        return "".join(printed)

    def close(self) -> None:
        """Stop the kernel as Jupyter does, once; it writes what it recorded."""
        if not self.manager.has_kernel:
            return
        self.client.shutdown()
        self.manager.finish_shutdown(waittime=PATIENCE)
        self.client.stop_channels()
        self.manager.cleanup_resources()


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    package = tmp_path / "pkg"
    package.mkdir()
    for name in ("__init__", "old", "new", "live"):
        (package / f"{name}.py").write_text(BODY.format(1))
    (tmp_path / "enforcer.toml").write_text(RULES)
    notebook = Notebook(tmp_path)
    yield notebook
    notebook.close()


def change(file: Path, text: str) -> None:
    """Write a module; autoreload goes by its time, in whole seconds."""
    later = file.stat().st_mtime + 10
    file.write_text(text)
    os.utime(file, (later, later))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_autoreload(notebook: Notebook) -> None:
    """Modules that are watched are reloaded each time they change, and stay observed."""
    notebook.run("%load_ext autoreload\n%autoreload 2\nimport sys")
    notebook.run("import pkg.old as old, pkg.live as live, pkg\nfrom pkg.old import f")
    for value in (2, 3, 4):
        for name in ("old", "live", "__init__"):
            file = notebook.folder / "pkg" / f"{name}.py"
            change(file, BODY.format(value))
        printed = notebook.run(
            "import pkg.old\n"
            "print(sys.modules['pkg.old'].f(), old.value, live.f(), live.value, pkg.value)"
        )
        assert printed.split() == [str(value)] * 5, printed
    notebook.close()
    uses = {rule["legacy"]: rule["uses"] for rule in report(notebook.folder)["rules"]}
    assert uses["pkg.old"] == 2 + 3, uses


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_module_that_lost_its_spec_is_reloaded(notebook: Notebook) -> None:
    """What autoreload's ``superreload`` does to a module's dictionary, by hand."""
    printed = notebook.run(
        "import importlib, pkg.old as old\n"
        "vars(old).pop('__spec__')\n"
        "print(hasattr(old, '__spec__'), importlib.reload(old) is old, hasattr(old, '__spec__'))"
    )
    assert printed.split() == ["False", "True", "True"]
