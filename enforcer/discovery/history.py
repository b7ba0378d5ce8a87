"""Reader of git's log: renamed files, and definitions that were removed or added.

One run of git yields both, as patches without context. They are parsed line by line, since those
of a long history don't fit in memory.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from enforcer.errors import EnforcerError
from enforcer.rules.git import ask_git, stream_git, without_git_variables

_TIMEOUT: Final = 30.0
# No line of a patch begins so: each has a sign before its text.
_COMMIT: Final = b"\x00"
_NONE: Final = "/dev/null"
_MOST_LINES: Final = 60
"""How many lines of a body are kept, to compare it with others."""

_LEAST_ALIKE: Final = 50
"""How many per cent of a file are the same if it was renamed, as by git's own measure."""
_LEAST_OF_SAME_NAME: Final = 30
"""The same for a file that kept its name, and only went to another folder."""

_FILES: Final = ("*.py", "*.pyw")
# Nothing that a repository's configuration could add: signatures, colours, prefixes, programs that
# convert or compare files.
_PATCHES: Final = (
    "-c", "core.quotePath=false", "-c", "diff.suppressBlankEmpty=false",
)  # fmt: skip
_PLAINLY: Final = (
    "--no-color", "--no-ext-diff", "--no-textconv", "--no-prefix",
    f"--find-renames={_LEAST_OF_SAME_NAME}%",
    "-l1000", "--diff-algorithm=myers", "--patch", "--unified=0", "--relative",
)  # fmt: skip

_HUNK: Final = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_DEFINITION: Final = re.compile(rb"(?:async[ ]+)?(def|class)[ ]+([A-Za-z]\w*)[ ]*(.*)")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, by its short id and its day; both are empty for what is not committed."""

    id: str = ""
    day: str = ""

    def __str__(self) -> str:
        return f"in {self.id} ({self.day})" if self.id else "and not committed yet"


@dataclass(frozen=True, slots=True)
class Rename:
    """A file that was renamed or moved.

    Attributes:
        old: its path before, relative to the root.
        new: its path afterwards.
        alike: how much of it stayed the same, in per cent.
        commit: the commit that moved it.

    """

    old: str
    new: str
    alike: int
    commit: Commit


@dataclass(frozen=True, slots=True)
class Change:
    """A function or class at the top of a file that a commit removed or added.

    Attributes:
        file: the file, relative to the root.
        name: its name.
        kind: ``def`` or ``class``.
        head: the rest of its first line.
        body: the lines of it that the commit removed or added; none if only its first line changed.
        commit: the commit.
        hunk: a number of the group of changed lines.

    """

    file: str
    name: str
    kind: str
    head: str
    body: tuple[str, ...]
    commit: Commit
    hunk: int


@dataclass(slots=True)
class History:
    """The history of a folder, the oldest commit first.

    Attributes:
        renames: the renamed files.
        removed: the definitions that were removed.
        added: the definitions that were added.
        deleted: the files that were deleted, each as often as it was.
        commits: how many commits were read.
        notes: what was not read, and why.

    """

    renames: list[Rename] = field(default_factory=list)
    removed: list[Change] = field(default_factory=list)
    added: list[Change] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    commits: int = 0
    notes: list[str] = field(default_factory=list)


def read_history(root: Path, since: str = "") -> History:
    """Read the history of the Python files below a folder.

    Args:
        root: the folder.
        since: a tag or another revision, or a day; empty for the whole history.

    Raises:
        EnforcerError: if ``since`` is neither.

    """
    answer = _ask(root, "rev-parse", "--is-inside-work-tree", "--is-shallow-repository")
    is_inside, is_shallow = (answer or "\n").split("\n")[:2]
    if is_inside != "true":
        why = (
            "it is in no work tree (a bare repository, or the folder .git)"
            if answer
            else "git is not installed, or does not know a repository there"
        )
        return History(notes=[f'the history of "{root}" is not read: {why}'])
    if not _ask(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
        return History(notes=["the history is not read: the repository has no commit yet"])
    history = History()
    if is_shallow == "true":
        history.notes.append(
            "this clone is shallow, so older moves are unknown: git fetch --unshallow"
        )
    if (Path(_ask(root, "rev-parse", "--show-toplevel").strip()) / ".gitmodules").is_file():
        history.notes.append("the history of submodules is not read")
    log = ("log", "--no-show-signature", "--format=%x00%h %cs", *_PLAINLY)
    lines = stream_git(
        str(root), *_PATCHES, *log, *_range(root, since), "--", *_FILES,
        environ=without_git_variables(),
    )  # fmt: skip
    patches = _Patches()
    patches.read(lines)
    uncommitted = stream_git(
        str(root), *_PATCHES, "diff", *_PLAINLY, "HEAD", "--", *_FILES,
        environ=without_git_variables(),
    )  # fmt: skip
    # The numbers go on, so that no hunk of a commit shares one with what is not committed.
    latest = _Patches(patches.hunks)
    latest.read(uncommitted)
    history.commits = patches.commits
    # git lists the newest commit first.
    for name in ("renames", "removed", "added", "deleted"):
        getattr(history, name).extend([*reversed(getattr(patches, name)), *getattr(latest, name)])
    return history


def _range(root: Path, since: str) -> tuple[str, ...]:
    if not since:
        return ("HEAD",)
    # --end-of-options: what a person typed may begin with a dash.
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{since}^{{commit}}")
    revision = _ask(root, *words).strip()
    if revision:
        return (f"{revision}..HEAD",)
    try:
        day = dt.date.fromisoformat(since)
    except ValueError:
        message = (
            f'"{since}" is no revision of the repository and no day. '
            "Write --since v1.4, or --since 2026-01-31 (unknown-since)"
        )
        raise EnforcerError(message) from None
    # Without a time, git means that day at the present time of day.
    return (f"--since={day}T00:00:00", "HEAD")


def _ask(root: Path, *words: str) -> str:
    answer = ask_git(str(root), *words, timeout=_TIMEOUT, environ=without_git_variables())
    return (answer or b"").decode("utf-8", "surrogateescape")


class _Patches:
    """Parser of patches without context."""

    def __init__(self, hunks: int = 0) -> None:
        self.renames: list[Rename] = []
        self.removed: list[Change] = []
        self.added: list[Change] = []
        self.deleted: list[str] = []
        self.commits = 0
        self.hunks = hunks
        self._commit = Commit()
        self._old = self._new = ""
        self._alike = 0

    def read(self, lines: Iterator[bytes]) -> None:
        """Read the patches of git's output."""
        for line in lines:
            if line.startswith(b"@@ "):
                self._read_hunk(line, lines)
            elif line.startswith(_COMMIT):
                identity, _, day = line[1:].decode("ascii", "replace").strip().partition(" ")
                self._commit = Commit(identity, day)
                self.commits += 1
            else:
                self._read_header(line)

    def _read_header(self, line: bytes) -> None:
        text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
        if text.startswith("diff --git "):
            self._old = self._new = ""
        elif text.startswith("similarity index "):
            self._alike = int(text.removeprefix("similarity index ").rstrip("%"))
        elif text.startswith("rename from "):
            self._old = text.removeprefix("rename from ")
        elif text.startswith("rename to "):
            self._new = text.removeprefix("rename to ")
            if self._alike >= _LEAST_ALIKE or _is_same_name(self._old, self._new):
                rename = Rename(self._old, self._new, self._alike, self._commit)
                self.renames.append(rename)
        # A tab follows a path with a blank in it.
        elif text.startswith("--- "):
            self._old = text.removeprefix("--- ").rstrip("\t")
        elif text.startswith("+++ "):
            self._new = text.removeprefix("+++ ").rstrip("\t")
            if self._new == _NONE:
                self.deleted.append(self._old)

    def _read_hunk(self, line: bytes, lines: Iterator[bytes]) -> None:
        """Read the lines of a hunk by their number: one of them may look like a header."""
        counts = _HUNK.match(line)
        if counts is None:
            return
        self.hunks += 1
        old, new = (1 if count is None else int(count) for count in counts.groups())
        for number, file, changes in (
            (old, self._old, self.removed),
            (new, self._new, self.added),
        ):
            changes.extend(self._definitions(number, file, lines))

    def _definitions(self, number: int, file: str, lines: Iterator[bytes]) -> list[Change]:
        """Return the definitions in the removed, or in the added lines of a hunk."""
        found: list[tuple[re.Match[bytes], list[str]]] = []
        is_inside = False
        for _ in range(number):
            text = next(lines, b"")
            if text.startswith(b"\\"):  # "\ No newline at end of file", which is no line
                text = next(lines, b"")
            text = text[1:].rstrip()
            start = _DEFINITION.match(text)
            if start is not None:
                found.append((start, []))
                is_inside = True
            elif is_inside and text:
                # At the left edge only the end of a signature belongs to the definition.
                is_inside = text[:1] in b" \t)"
                if is_inside and len(found[-1][1]) < _MOST_LINES:
                    found[-1][1].append(text.strip().decode("utf-8", "replace"))
        if file == _NONE:
            return []
        return [
            Change(
                file,
                start[2].decode("utf-8", "replace"),
                start[1].decode(),
                start[3].decode("utf-8", "replace"),
                tuple(body),
                self._commit,
                self.hunks,
            )
            for start, body in found
        ]


def _is_same_name(old: str, new: str) -> bool:
    name = PurePosixPath(old).name
    return name == PurePosixPath(new).name and name != "__init__.py"
