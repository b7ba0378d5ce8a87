"""Make repositories with a history, as real ones."""

import os
import subprocess
from pathlib import Path
from textwrap import dedent

_MARCH = "2026-03-{:02}T12:00:00+00:00"


class Repository:
    """A git repository, without the configuration of whoever runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._commits = 0

    def git(self, *words: str) -> str:
        """Run git in the repository; the first commit is of 1 March, each next one a day later."""
        environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        day = _MARCH.format(self._commits)
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words],  # noqa: S607 - whichever git there is
            env={
                **environ,
                "GIT_AUTHOR_DATE": day,
                "GIT_AUTHOR_EMAIL": "ada@example.org",
                "GIT_AUTHOR_NAME": "Ada",
                "GIT_COMMITTER_DATE": day,
                "GIT_COMMITTER_EMAIL": "ada@example.org",
                "GIT_COMMITTER_NAME": "Ada",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_SYSTEM": os.devnull,
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def commit(self, files: dict[str, str | None]) -> None:
        """Write and commit files; None deletes one."""
        if not self._commits:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.git("init", "--quiet")
        self._commits += 1
        for name, text in files.items():
            file = self.folder / name
            if text is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text), encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "change")
