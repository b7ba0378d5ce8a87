"""Data of a scan: a reference in a file, one in an installed package, and a recorded scan.

Data only, for all who read source or look at what was found there: the gate, the rewriter, stores,
reports and pages. ``enforcer.source`` produces them.
"""

from dataclasses import dataclass
from typing import Final, Literal

MODULE_LEVEL: Final = "<module>"
"""Name of the module's own scope, as in tracebacks."""

PYTHON: Final = "python"
NOTEBOOK: Final = "notebook"

Form = Literal["import", "from", "call", "attribute", "string", "annotation", "text", "file"]
"""How a path is written.

``import a.old``, ``from a import old``, a call such as ``import_module("a.old")``, ``a.old`` after
``import a``, a string that is a path as a whole, an annotation within quotes, text of a file that
is no Python; and ``file`` where a whole file could not be read.
"""


@dataclass(frozen=True, slots=True, order=True)
class ScanFinding:
    """One reference to a legacy path in source.

    Lines are counted as Python counts them: they end at a line feed, at a carriage return, or at
    both together. Columns count characters (code points) of the decoded line, from 1, whatever the
    file's encoding.

    Attributes:
        file: the file, with forward slashes, relative to the map's root where it has such a path
            (as in a baseline), else absolute.
        line: the line where the text begins that names the path, from 1; 0 if the whole file is
            meant.
        column: its first character; 0 if the whole line is meant.
        end_line: the line of its last character.
        end_column: the character after its last one.
        legacy: the legacy path as run time would record it: ``a.old``, ``a.old.sub``, or
            ``a.mod:name``; empty if it is unknown.
        canonical: what to write instead, in the same spelling; empty if the rule has nothing.
        rule: the ``legacy`` of the rule that covers it, as the map has it; empty if unknown.
        form: how the path is written.
        kind: what kind of file it is: ``python``, ``notebook``, ``toml``, ``yaml``, ``ini``,
            ``json``, ``dockerfile``, ``markdown``.
        function: the qualified name of the function around it, ``<module>`` at top level.
        names: the names that it asks of the legacy module, sorted; ``("*",)`` for a star.
        unproven: why it is unknown whether this is a reference; empty for one that is proven.
        typing_only: whether only type checkers read it.
        is_use: whether executing it is a use of the legacy path. A name that is read of a module
            that the file imported elsewhere (``m.name`` after ``import a.old as m``) is none.
        through: the module that passed the name on by ``from legacy import *``; or empty.
        excuse: the marker by which a test may use the path, or expects to be refused; or empty.

    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    legacy: str
    canonical: str
    rule: str
    form: Form
    kind: str = PYTHON
    function: str = MODULE_LEVEL
    names: tuple[str, ...] = ()
    unproven: str = ""
    typing_only: bool = False
    is_use: bool = True
    through: str = ""
    excuse: str = ""

    @property
    def is_proven(self) -> bool:
        """Return whether it is certain that this is a reference to a legacy path."""
        return not self.unproven


@dataclass(frozen=True, slots=True, order=True)
class InstalledReference:
    """A file of an installed distribution that names a legacy path.

    Attributes:
        distribution: the distribution's name.
        version: its version.
        file: the file, from ``site-packages`` on, as in a baseline.
        line: the first line that names the path, from 1.
        legacy: the legacy path.
        rule: the ``legacy`` of the rule that covers it.
        form: how the path is written there.

    """

    distribution: str
    version: str
    file: str
    line: int
    legacy: str
    rule: str
    form: Form


@dataclass(frozen=True, slots=True)
class RecordedScan:
    """One scan of a source tree, as a store has it.

    Attributes:
        revision: the commit that was checked out; empty without git.
        is_dirty: whether tracked files differed from that commit; False without git.
        committed: the time of the commit, in nanoseconds since the epoch; 0 without git.
        scanned: the time of the scan, in nanoseconds since the epoch.
        root: the folder that was scanned, on the machine that did it.
        files: how many files were read.
        rules: the ``legacy`` of each rule that was searched for: of others nothing is known.
        findings: all findings, proven or not, in the order of files and lines.
        installed: the installed distributions that name a legacy path.

    """

    revision: str
    is_dirty: bool
    committed: int
    scanned: int
    root: str
    files: int
    rules: tuple[str, ...] = ()
    findings: tuple[ScanFinding, ...] = ()
    installed: tuple[InstalledReference, ...] = ()

    def findings_of(self, rule: str) -> tuple[ScanFinding, ...] | None:
        """Return the findings of a rule, named as in the map; None if it was not searched for."""
        if rule not in self.rules:
            return None
        return tuple(one for one in self.findings if one.rule == rule)

    @property
    def unproven(self) -> tuple[ScanFinding, ...]:
        """Return what may be a reference to a legacy path, and files that could not be read."""
        return tuple(one for one in self.findings if one.unproven)
