"""End of a test run: compare its record with the baseline, and shrink the baseline.

Imported at the end of runs that saw anything or have a baseline.
"""

import os
import shlex
from pathlib import Path

import pytest

from enforcer.baseline import Baseline
from enforcer.baseline.comparison import Judged, Verdict, compare, shrunk
from enforcer.baseline.reader import UPDATE
from enforcer.baseline.renamed_files import follow_renames, has_lost_renames
from enforcer.baseline.run_record import Record
from enforcer.errors import EnforcerError
from enforcer.recording.use import BLOCKED
from enforcer.rules.location import find_map
from enforcer.rules.model import MigrationMap
from enforcer.testing.settings import fails_for_stale

_GONE = (Verdict.SHRANK, Verdict.STALE)


class Ending:
    """Result of a run.

    Attributes:
        judged: the verdict on each entry and each new call site.
        record: what the run saw.
        file: the baseline's file.
        is_shrunk: whether stale entries were removed from it.
        mistake: why a file could not be written, or empty.

    """

    def __init__(
        self,
        config: pytest.Config,
        record: Record,
        baseline: Baseline,
        file: Path,
        migration_map: MigrationMap,
    ) -> None:
        """Compare; nothing is written.

        Args:
            config: the run's configuration.
            record: what it saw, and whether it could see all there is.
            baseline: what it tolerated.
            file: the path of the baseline, which may not exist.
            migration_map: the run's map.

        """
        self._config = config
        self._baseline = baseline
        self._map = migration_map
        self._fails_for_stale = fails_for_stale(config)
        self.judged = compare(baseline, record.lines(), is_complete=record.is_complete)
        self.record = record
        self.file = file
        self.is_shrunk = False
        self.mistake = ""

    def command_for(self, *options: str) -> str:
        """Return the command that runs the same tests with further options."""
        return shlex.join(["pytest", *map(str, self._config.invocation_params.args), *options])

    @property
    def has_lost_renames(self) -> bool:
        """Whether a new call site may be known under a file's earlier name."""
        return bool(self.of(Verdict.NEW)) and has_lost_renames(self._baseline, self._map)

    def update_command(self) -> str:
        """Return the command that adds a record to this run's baseline."""
        words = [*UPDATE.split(), "--record", "run.json", "--allow-new"]
        folder = self._config.invocation_params.dir
        if find_map(str(folder)) != self._map.path:
            words += ["--map", os.path.relpath(self._map.path, folder)]
        named = self._config.known_args_namespace.enforcer_baseline
        return shlex.join([*words, *(["--baseline", str(named)] if named else [])])

    def write(self) -> None:
        """Write the record, if one is wanted, and the baseline, if it may shrink."""
        try:
            if self._config.known_args_namespace.enforcer_record:
                from enforcer.gate.seen import write_record  # noqa: PLC0415 - loads SQLite

                write_record(self.record, Path(self._config.known_args_namespace.enforcer_record))
            if self.of(*_GONE) and self._may_shrink():
                self._shrink()
        except EnforcerError as error:
            self.mistake = str(error)

    def _may_shrink(self) -> bool:
        return bool(self._config.known_args_namespace.enforcer_update) or not os.environ.get("CI")

    def _shrink(self) -> None:
        from enforcer.baseline.reader import read_baseline  # noqa: PLC0415 - with TOML's parser
        from enforcer.baseline.writer import write_baseline  # noqa: PLC0415 - loads tomlkit

        # Read again: somebody may have edited the file while the tests ran.
        written = follow_renames(read_baseline(self.file), self._map)
        write_baseline(shrunk(written, self.judged), self.file)
        self.is_shrunk = True

    def of(self, *verdicts: Verdict) -> list[Judged]:
        """Return what has one of these verdicts, except what the stage let through."""
        return [
            one for one in self.judged if one.verdict in verdicts and not self.was_let_through(one)
        ]

    def was_let_through(self, one: Judged) -> bool:
        """Return whether something new was not refused, because of the stage."""
        sites = [site for site in self.record.sites_of(one.entry.key) if site.line in one.lines]
        is_refused = any(site.outcome == BLOCKED and not site.excuse for site in sites)
        return one.verdict == Verdict.NEW and not is_refused

    @property
    def is_bad(self) -> bool:
        """Whether the run fails because of it, whatever its tests did."""
        gone = _GONE if self._fails_for_stale and not self.is_shrunk else ()
        return bool(self.mistake or self.of(Verdict.NEW, Verdict.GREW, *gone))
