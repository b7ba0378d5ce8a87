"""Read and write points in time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from enforcer.output.times import iso, nanoseconds, parse_since, short

NOW = datetime(2026, 3, 31, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("45s", timedelta(seconds=45)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        (" 3d ", timedelta(days=3)),
        ("1w", timedelta(weeks=1)),
        ("10 d", timedelta(days=10)),
    ],
)
def test_age(text: str, age: timedelta) -> None:
    """A number with a unit counts back from now."""
    assert parse_since(text, NOW) == NOW - age


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-31", datetime(2026, 3, 31, tzinfo=UTC)),
        ("2026-03-31T18:05", datetime(2026, 3, 31, 18, 5, tzinfo=UTC)),
        ("2026-03-31 18:05:06Z", datetime(2026, 3, 31, 18, 5, 6, tzinfo=UTC)),
        (
            "2026-03-31T18:05+02:00",
            datetime(2026, 3, 31, 18, 5, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_date(text: str, time: datetime) -> None:
    """A date or time is taken as it is, in UTC where it names no zone."""
    assert parse_since(text, NOW) == time


@pytest.mark.parametrize("text", ["", "yesterday", "2x", "-2h", "2026-13-01", "99999999999d"])
def test_neither(text: str) -> None:
    """Anything else is a mistake, with what to write instead."""
    with pytest.raises(ValueError, match=r"is no time\. Write an age such as .*\(bad-since\)$"):
        parse_since(text, NOW)


def test_nanoseconds() -> None:
    """A time becomes nanoseconds, without the rounding of floats; the distant past is zero."""
    assert nanoseconds(datetime(2026, 3, 31, 18, 0, 0, 123456, tzinfo=UTC)) == (
        1_774_980_000_123_456_000
    )
    assert nanoseconds(datetime(1969, 1, 1, tzinfo=UTC)) == 0


def test_writes_utc_wherever_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zone of the machine plays no part."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")

    assert iso(1_774_980_000_999_999_999) == "2026-03-31T18:00:00Z"
    assert short(1_774_980_000_999_999_999) == "2026-03-31 18:00"
