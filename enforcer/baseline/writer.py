"""Writer of the baseline file: TOML, one call site per line, sorted, so that it merges well."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import tomlkit

from enforcer.baseline.model import Baseline, Entry
from enforcer.baseline.reader import (
    BOTH,
    RUNNING,
    SOURCE,
    SOURCE_VERSION,
    VERSION,
    BaselineError,
)
from enforcer.rules.atomic import replace, write_new

_HEADER: Final = """\
# Call sites of legacy paths that strict mode still tolerates: no more than these, soon fewer.
# `enforcer baseline update` takes out what is gone.
"""
_OF_SOURCE: Final = """\
# seen = "source" is in the source, and was not seen running: such a use is not tolerated.
"""


def baseline_text(baseline: Baseline) -> str:
    """Return a baseline as TOML."""
    if baseline.source is None:
        header, version = _HEADER, VERSION
        lines = [_line(entry) for entry in baseline]
    else:
        header, version = f"{_HEADER}{_OF_SOURCE}", SOURCE_VERSION
        lines = list(_lines(baseline, baseline.source))
    text = "".join(f"  {line},\n" for line in lines)
    return f"{header}version = {version}\ncall_sites = [\n{text}]\n"


def _lines(baseline: Baseline, source: Baseline) -> Iterator[str]:
    """Yield a line for each entry that was seen running, is in the source, or both."""
    for key in sorted({entry.key for entry in (*baseline, *source)}):
        running, in_source = baseline.find(key), source.find(key)
        if running is None or in_source is None:
            seen = RUNNING if in_source is None else SOURCE
            yield _line(running or in_source, f"seen = {_quoted(seen)}")  # type: ignore[arg-type]
            continue
        more = [f"seen = {_quoted(BOTH)}"]
        if in_source.count != running.count:
            more.append(f"source = {in_source.count}")
        if in_source.names != running.names:
            more.append(f"source_names = {_listed(in_source.names or ())}")
        yield _line(running, *more)


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


def _line(entry: Entry, *more: str) -> str:
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
        parts.append(f"names = {_listed(entry.names)}")
    if entry.is_flaky:
        parts.append("flaky = true")
    return f"{{ {', '.join((*parts, *more))} }}"


def _listed(names: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, names))}]"


def _quoted(text: str) -> str:
    return tomlkit.string(text).as_string()
