"""Writer of the baseline file: TOML, one call site per line, sorted, so that it merges well."""

from pathlib import Path
from typing import Final

import tomlkit

from enforcer.baseline.model import Baseline, Entry
from enforcer.baseline.reader import VERSION, BaselineError
from enforcer.rules.atomic import replace, write_new

_HEADER: Final = """\
# Call sites of legacy paths that strict mode still tolerates: no more than these, soon fewer.
# `enforcer baseline update` takes out what is gone.
"""


def baseline_text(baseline: Baseline) -> str:
    """Return a baseline as TOML."""
    lines = [f"  {_line(entry)},\n" for entry in baseline]
    return f"{_HEADER}version = {VERSION}\ncall_sites = [\n{''.join(lines)}]\n"


def write_baseline(baseline: Baseline, file: Path) -> None:
    """Write a baseline to its file atomically.

    Raises:
        BaselineError: if it can't be written.

    """
    data = baseline_text(baseline).encode("utf-8")
    try:
        replace(str(file), lambda draft: write_new(draft, data))
    except OSError as error:
        message = f'the baseline "{file}" can\'t be written: {error.strerror} (baseline-unwritable)'
        raise BaselineError(message) from error


def _line(entry: Entry) -> str:
    parts = [
        f"{name} = {_quoted(value)}"
        for name, value in (
            ("path", entry.path),
            ("file", entry.file),
            ("function", entry.function),
            ("kind", entry.kind),
        )
    ]
    parts.append(f"count = {entry.count}")
    if entry.names is not None:
        parts.append(f"names = [{', '.join(map(_quoted, entry.names))}]")
    if entry.is_flaky:
        parts.append("flaky = true")
    return f"{{ {', '.join(parts)} }}"


def _quoted(text: str) -> str:
    return tomlkit.string(text).as_string()
