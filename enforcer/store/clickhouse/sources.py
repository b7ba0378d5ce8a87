"""The tables that the ClickHouse reader selects from: roll-ups, or the collector's own.

The answers are the same; from the collector's tables they cost a scan of all its rows.
"""

from dataclasses import dataclass
from typing import Self

from enforcer.store.clickhouse.records import DROPS, endings, notices, uses
from enforcer.store.clickhouse.schema import MINUTES, PROCESSES, USES, WATCHED, by_hour, sites


@dataclass(frozen=True, slots=True)
class Sources:
    """What to select from: tables, or queries in parentheses.

    Attributes:
        uses: uses as processes reported them.
        hours: uses by the hour.
        days: uses by the day, or empty if there are only hours.
        ever: uses of all time, or empty if there are only hours.
        sites: call sites.
        processes: processes, with the time of their first and last heartbeat.
        minutes: the minutes that have a heartbeat.
        watched: the rules that processes watched.
        drops: counts of lost uses.
        notices: notices.
        endings: how processes ended.

    """

    uses: str
    hours: str
    days: str
    ever: str
    sites: str
    processes: str
    minutes: str
    watched: str
    drops: str
    notices: str
    endings: str

    @classmethod
    def rolled_up(cls) -> Self:
        """Return the tables that ``enforcer store init`` creates."""
        return cls(
            uses=USES,
            hours="enforcer_use_by_hour",
            days="enforcer_use_by_day",
            ever="enforcer_use_ever",
            sites="enforcer_site",
            processes="enforcer_process",
            minutes="enforcer_minute",
            watched="enforcer_watched",
            drops="enforcer_drop",
            notices="enforcer_notice",
            endings="enforcer_ending",
        )

    @classmethod
    def raw(cls, *, has_event_name: bool) -> Self:
        """Return queries on the collector's tables."""
        found = uses(has_event_name=has_event_name)
        return cls(
            uses=f"({found} LIMIT 1 BY process, id)",
            hours=f"({by_hour(f'({found} LIMIT 1 BY process, id)')})",
            days="",
            ever="",
            sites=f"({sites(found)})",
            processes=f"({PROCESSES})",
            minutes=f"({MINUTES})",
            watched=f"({WATCHED})",
            drops=f"({DROPS})",
            notices=f"({notices(has_event_name=has_event_name)})",
            endings=f"({endings(has_event_name=has_event_name)})",
        )
