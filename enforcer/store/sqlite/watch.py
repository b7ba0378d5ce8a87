"""Presence in SQLite: its queries, and ``ServiceWatch`` and ``Watching`` for every engine."""

from dataclasses import dataclass

from enforcer.recording.notice import BLIND_KINDS
from enforcer.recording.process import CLOCKS_DIFFER
from enforcer.store.sqlite.schema import DAY, DISABLED, EXIT, LOST, UNKNOWN

# A last write in the future is that of a wrong clock: such a process counts as silent, too.
_IS_SILENT = f"(written + silence < :now OR written > :now + {CLOCKS_DIFFER})"


@dataclass(frozen=True, slots=True)
class ServiceWatch:
    """When the processes of one service, in one version and environment, watched.

    Attributes:
        service: its name, or empty.
        version: its version, or empty.
        environment: where it is deployed, or empty.
        processes: how many of its processes wrote.
        since: when the first of them began to watch, in nanoseconds since the epoch.
        till: the last heartbeat of any of them.

    """

    service: str
    version: str
    environment: str
    processes: int
    since: int
    till: int


@dataclass(frozen=True, slots=True)
class Watching:
    """How completely processes watched: by service, endings, gaps and blind spots.

    Attributes:
        services: the services that watched, the most recent first.
        ended: how many processes wrote everything before they ended.
        running: how many have not ended, as far as is known.
        vanished: how many ended without a last write.
        unknown: for how many it is unknown how they ended; older schemas did not record it.
        interval: how many nanoseconds of uses a vanished process may have lost.
        gaps: how many processes did not write for too long, and came back.
        longest_gap: the longest such gap in nanoseconds.
        blind: how many processes had a blind spot.

    """

    services: tuple[ServiceWatch, ...] = ()
    ended: int = 0
    running: int = 0
    vanished: int = 0
    unknown: int = 0
    interval: int = 0
    gaps: int = 0
    longest_gap: int = 0
    blind: int = 0

    @property
    def since(self) -> int | None:
        """When the first process began to watch."""
        return min((service.since for service in self.services), default=None)

    @property
    def till(self) -> int | None:
        """The last heartbeat of any process."""
        return max((service.till for service in self.services), default=None)


def services_query(processes: str) -> str:
    """Return the query for the fields of :class:`ServiceWatch`.

    A process without a process id is known only by its marker of lost uses.
    """
    return f"""
SELECT service, version, environment, count(*),
       max(min(coalesce(began, started)), :since), max(written) AS till
FROM process JOIN deployment ON deployment.key = deployment
LEFT JOIN (SELECT process, min(since) AS began FROM heartbeat GROUP BY process)
    ON process = process.key
WHERE process.key IN ({processes}) AND pid
GROUP BY deployment
ORDER BY till DESC, service, version, environment
"""  # noqa: S608 - made of constants


def endings_query(processes: str) -> str:
    """Return the query for how processes ended, and what the vanished ones may have lost."""
    gone = f"ending = '' AND {_IS_SILENT}"
    return f"""
SELECT count(*) FILTER (WHERE ending IN ('{EXIT}', '{DISABLED}', '{LOST}')),
       count(*) FILTER (WHERE ending = '' AND NOT ({gone})),
       count(*) FILTER (WHERE {gone}),
       count(*) FILTER (WHERE ending = '{UNKNOWN}'),
       coalesce(max(interval) FILTER (WHERE {gone}), 0)
FROM process WHERE key IN ({processes})
"""  # noqa: S608 - made of constants


def gaps_query(processes: str) -> str:
    """Return the query for how many processes have gaps, and the longest one."""
    return f"""
SELECT count(DISTINCT process), coalesce(max(since - before), 0)
FROM (
    SELECT process, since, lag(till) OVER (PARTITION BY process ORDER BY since) AS before
    FROM heartbeat WHERE process IN ({processes})
)
WHERE before IS NOT NULL AND since >= :since AND (:until = 0 OR before < :until)
"""  # noqa: S608 - made of constants


def maps_query(processes: str) -> str:
    """Return the query for the fields of ``WatchedMap`` without the stages, and the map's key."""
    return f"""
SELECT digest, map_path, service, version, environment, count(*), min(started), max(written),
       map.key
FROM process JOIN deployment ON deployment.key = deployment JOIN map ON map.key = map
WHERE process.key IN ({processes}) AND pid
GROUP BY map, deployment ORDER BY max(written) DESC, service, version, environment, digest
"""  # noqa: S608 - made of constants


def hosts_query(processes: str) -> str:
    """Return the query for the fields of ``HostMap``, and when its process began.

    Containers leave names of hosts behind that are long gone, so only the last day counts. In a
    group SQLite returns the row that has the ``max()``.
    """
    return f"""
WITH shown AS (SELECT key, written FROM process WHERE key IN ({processes}) AND pid)
SELECT service, environment, host, digest, max(started)
FROM process JOIN deployment ON deployment.key = deployment JOIN map ON map.key = map
WHERE process.key IN (
    SELECT key FROM shown WHERE written >= (
        SELECT max(written) FROM shown WHERE written <= :now + {CLOCKS_DIFFER}
    ) - {DAY}
)
GROUP BY service, environment, host ORDER BY service, environment, host
"""  # noqa: S608 - made of constants


STAGES = "SELECT map, stage, count(*) FROM declaration GROUP BY map, stage ORDER BY map, stage"


_IS_BLIND = f"kind IN {BLIND_KINDS}"

BLIND = f"SELECT text FROM notice WHERE {_IS_BLIND} AND process = :process ORDER BY subject"  # noqa: S608 - made of constants


def processes_query(processes: str) -> str:
    """Return the query for the fields of ``ProcessWatch`` without blind spots, and its key."""
    return f"""
WITH page AS (
    SELECT * FROM process WHERE key IN ({processes}) AND pid
    ORDER BY written DESC, id LIMIT :limit OFFSET :offset
), silence AS (
    SELECT process, since, lag(till) OVER (PARTITION BY process ORDER BY since) AS before
    FROM heartbeat WHERE process IN (SELECT key FROM page)
), gap AS (
    SELECT process, count(*) AS gaps, max(since - before) AS longest
    FROM silence WHERE before IS NOT NULL GROUP BY process
), lost AS (
    SELECT process, sum(count) AS count FROM dropped
    WHERE process IN (SELECT key FROM page) GROUP BY process
)
SELECT id, service, version, environment, host, pid, python, command, run, digest,
       coalesce((SELECT min(since) FROM heartbeat WHERE process = page.key), started), written,
       CASE WHEN ending <> '' THEN ending
            WHEN {_IS_SILENT} THEN 'vanished' ELSE 'running' END,
       coalesce(gaps, 0), coalesce(longest, 0), coalesce(lost.count, 0), page.key
FROM page JOIN deployment ON deployment.key = deployment JOIN map ON map.key = map
LEFT JOIN gap ON gap.process = page.key LEFT JOIN lost ON lost.process = page.key
ORDER BY written DESC, id
"""  # noqa: S608 - made of constants


def blind_query(processes: str) -> str:
    """Return the query for how many processes had a blind spot."""
    return f"""
SELECT count(DISTINCT process) FROM notice WHERE {_IS_BLIND} AND process IN ({processes})
"""  # noqa: S608 - made of constants
