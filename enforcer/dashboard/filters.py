"""The visitor's filters: parsed from a page's URL, and written into links.

Every choice is in the URL, so that a link shows what its sender saw.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from enforcer.rules.stages import STAGES
from enforcer.store.queries import DAY, HOUR, Span

RANGES: Final = {
    "1d": ("last 24 hours", 1),
    "7d": ("last 7 days", 7),
    "30d": ("last 30 days", 30),
    "90d": ("last 90 days", 90),
    "180d": ("last 180 days", 180),
    "365d": ("last 365 days", 365),
}
"""The ranges of time to choose from, with their descriptions and days."""

NONE: Final = "(none)"
"""Value of a filter for an empty name, such as the service of processes without one."""

_LAST_SECOND: Final = 9_000_000_000
"""A time in 2255: stores keep nanoseconds in 64 bits, which end in 2262."""

_KEYS: Final = ("range", "since", "until", "service", "version", "environment", "owner", "stage")


@dataclass(frozen=True, slots=True)
class Filters:
    """The visitor's choices; empty fields filter nothing. They never change a fact of a rule.

    Attributes:
        range: one of :data:`RANGES`, counted back from now.
        since: ISO date or time (UTC) of the first moment to show.
        until: ISO date (the whole day) or time (UTC) up to which to show.
        service: only processes of this service.
        version: only processes of this version.
        environment: only processes in this environment.
        owner: only call sites in this owner's files, by CODEOWNERS.
        stage: only rules in this stage.
        problems: what the URL has and can't be followed, a sentence each.

    """

    range: str = ""
    since: str = ""
    until: str = ""
    service: str = ""
    version: str = ""
    environment: str = ""
    owner: str = ""
    stage: str = ""
    problems: tuple[str, ...] = ()

    @classmethod
    def read(cls, params: Mapping[str, str]) -> "Filters":
        """Parse a URL's parameters; each that can't be followed becomes one of the problems."""
        values = {key: params.get(key, "").strip() for key in _KEYS}
        problems = list(_problems(values))
        if values["since"] or values["until"]:
            values["range"] = ""
        return cls(**values, problems=tuple(problems))

    @property
    def chosen(self) -> dict[str, str]:
        """Return the filters that are set, by key."""
        return {key: getattr(self, key) for key in _KEYS if getattr(self, key)}

    def span(self, now: int) -> Span:
        """Return the part of the store that is selected.

        Args:
            now: the time, in nanoseconds since the epoch.

        """
        since, until = self.times(now)
        return Span(
            since=since,
            until=until,
            service=self.service,
            version=self.version,
            environment=self.environment,
        )

    def times(self, now: int) -> tuple[int, int]:
        """Return the beginning and the end in nanoseconds, 0 for open ends.

        A range of more than a day is of whole days including today, so that days can be compared.
        """
        if self.range:
            days = RANGES[self.range][1]
            if days == 1:
                return (now - DAY) // HOUR * HOUR, 0
            return (now // DAY - days + 1) * DAY, 0
        return _nanoseconds(self.since), _nanoseconds(self.until, is_end=True)

    @property
    def time_words(self) -> str:
        """Return a description of the selected time."""
        if self.range:
            return RANGES[self.range][0]
        if self.since and self.until:
            return f"{_shown(self.since)} to {_shown(self.until)}"
        if self.since:
            return f"since {_shown(self.since)}"
        return f"until {_shown(self.until)}" if self.until else "all time"


def _problems(values: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with parameters, and remove them."""
    for key in ("since", "until"):
        if values[key] and _moment(values[key]) is None:
            yield f"{key}={values[key]}: no date. Write {key}=2026-03-31, or 2026-03-31T18:00 (UTC)"
            values[key] = ""
    since, until = _nanoseconds(values["since"]), _nanoseconds(values["until"], is_end=True)
    if until and since >= until:
        yield f"since={values['since']} is not before until={values['until']}: swap them"
        values["since"] = values["until"] = ""
    for key, known in (("range", tuple(RANGES)), ("stage", STAGES)):
        if values[key] and values[key] not in known:
            yield f"{key}={values[key]}: unknown. Write one of {', '.join(known)}"
            values[key] = ""


def address(prefix: str, path: str, params: Mapping[str, object] | None = None) -> str:
    """Return a URL below the prefix; empty parameters are omitted."""
    kept = [(key, str(value)) for key, value in (params or {}).items() if value not in ("", None)]
    return f"{prefix}{path}" + (f"?{urlencode(kept)}" if kept else "")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _nanoseconds(text: str, *, is_end: bool = False) -> int:
    moment = _moment(text)
    if moment is None:
        return 0
    seconds = moment.timestamp()
    if is_end and _is_day(text):
        seconds += timedelta(days=1).total_seconds()
    return min(max(int(seconds), 0), _LAST_SECOND) * 1_000_000_000


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _shown(text: str) -> str:
    return text.replace("T", " ")
