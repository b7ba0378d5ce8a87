"""Make log events of what processes left that ended too soon; see ``remains``."""

from typing import TYPE_CHECKING, Final

from enforcer.telemetry.encoding import Encoder
from enforcer.telemetry.events import events_of
from enforcer.telemetry.remains import USES, read
from enforcer.telemetry.settings import LOGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from enforcer.rules.model import MigrationMap
    from enforcer.telemetry.scrubbing import Scrub
    from enforcer.telemetry.spool import Claim, Spool

SLICE: Final = 500
"""How many call sites go into one request, or to a provider at once."""


def revive(spool: "Spool", migration_map: "MigrationMap", scrub: "Scrub") -> None:
    """Make requests that wait of all that was left, as each process would have made them.

    What can't be read stays: a newer version may have written it.

    Args:
        spool: where it lies.
        migration_map: the map in force.
        scrub: sees all attributes before they go out.

    """
    for waiting in spool.waiting():
        claim = spool.claim(waiting) if waiting.signal == USES else None
        if claim is not None:
            try:
                if all(
                    spool.keep(LOGS, data, process=waiting.process, records=records)
                    for data, records in _requests(claim, migration_map, scrub)
                ):
                    claim.remove()
            except ValueError:
                continue
            finally:
                claim.release()


def _requests(
    claim: "Claim", migration_map: "MigrationMap", scrub: "Scrub"
) -> "Iterator[tuple[bytes, int]]":
    process, uses = read(claim.read())
    encoder = Encoder(process)
    for start in range(0, len(uses), SLICE):
        yield encoder.events(
            event
            for row, use in enumerate(uses[start : start + SLICE], start)
            for event in events_of(
                use, process.id, f"{process.id}-0-{row}", scrub, migration_map.allow
            )
        )
