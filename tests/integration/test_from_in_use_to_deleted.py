"""The way of one path from *in use* to *deleted*: the commands of the page, on the demo's program.

What the service in production records is written by a fleet with a clock of its own, so that a
month passes at once. All else is real: commands, git, the program's tests, and a late caller.
"""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from time import time_ns

from enforcer.demo import APP
from enforcer.rules.loader import load_map
from enforcer.store.queries import DAY
from tests.commands import in_a_process, in_this_process
from tests.examples import write_files
from tests.fleets import Fleet
from tests.pages import blocks, shows
from tests.patience import PATIENCE, environment_without

ROOT = Path(__file__).resolve().parents[2]
LEGACY = "test_framework.fixtures.websocket_manager_mock"
IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


class Walk:
    """A copy of the demo's program, and the service that runs it in production."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {**environment_without("ENFORCER_"), **IDENTITY}
        shutil.copytree(APP, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
        text = (APP.parent / "enforcer.toml").read_text("utf-8")
        expected = 'service = "chat-backend"\nexpected_services = ["chat-backend"]\n'
        (folder / "enforcer.toml").write_text(text.replace('service = "chat-backend"\n', expected))
        (folder / ".gitignore").write_text(".enforcer/\n__pycache__/\n")

    def record(self, *, days_since_use: int) -> None:
        """Write what the service recorded: 40 days of use, and then silence until now."""
        shutil.rmtree(self.folder / ".enforcer", ignore_errors=True)
        (self.folder / ".enforcer").mkdir()
        rules = list(load_map(str(self.folder / "enforcer.toml")))
        fleet = Fleet(
            str(self.folder / ".enforcer" / "uses.db"),
            now=time_ns() - (40 + days_since_use) * DAY,
            rules=rules,
        )
        revision = self.run("git rev-parse HEAD").strip()
        backend = fleet.start("chat-backend", version=revision)
        (rule,) = (rule for rule in rules if rule.legacy == LEGACY)
        for _ in range(10):
            fleet.pass_days(4, backend)
            fleet.use(backend, "netra_backend/app/tools/tool_results.py", rule, line=18)
        fleet.pass_days(days_since_use, backend)

    def run(self, command: str) -> str:
        """Run a command of the page; return what it prints."""
        program, *words = shlex.split(command)
        if command == "sleep 31d":
            self.record(days_since_use=32)
            return ""
        if program == "enforcer":
            run = in_a_process if words[0] == "run" else in_this_process
            result = run(words, self.folder, self.environ)
            assert result.returncode < 2, result.stderr
            return f"{result.stdout}{result.stderr if words[0] == 'run' else ''}"
        program = sys.executable if program == "python" else program
        return subprocess.run(
            [program, *words],
            cwd=self.folder,
            env=self.environ,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
        ).stdout


def test_page(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "deleting.md").read_text("utf-8")
    walk = Walk(tmp_path / "chat")
    write_files(page, walk.folder)
    for command in ("git init --quiet", "git add .", "git commit --quiet --message all"):
        walk.run(command)
    walk.record(days_since_use=0)
    for command, shown in [command for block in blocks(page) for command in block]:
        output = walk.run(command)
        lines = [line for line in shown if line]
        assert shows(output, lines) or not shown, (command, output)
        if command.startswith("git status") and not shown:
            assert output == ""
    description = (tmp_path / "pull-request.md").read_text("utf-8")
    assert description.startswith(f"# Remove `{LEGACY}`\n")
    assert "- ✓ watch      chat-backend watched without a break for 30 d" in description
