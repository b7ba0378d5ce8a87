"""Output of a map's ``[[stage]]`` tables: their share of the fleet, and whether they apply here."""

from collections.abc import Iterator, Sequence

from enforcer.rules.rollout import WHOLE, Place, Rollout


def rollout_lines(rollouts: Sequence[Rollout], place: Place) -> Iterator[str]:
    """Yield a line for each table, and then one that describes this place."""
    for rollout in rollouts:
        here = "holds here" if rollout.holds_at(place) else "does not hold here"
        yield f"line {rollout.line}: {_aim(rollout)} {_share(rollout)}: {here}"
    parts = (
        f'host "{place.host}", number {place.number:.2f} of {WHOLE}',
        f'service "{place.service}"' if place.service else "no service named",
        f'environment "{place.environment}"' if place.environment else "no environment named",
    )
    yield f"here is {', '.join(parts)}"


def rollout_records(rollouts: Sequence[Rollout], place: Place) -> list[dict[str, object]]:
    """Return each table as a record for other programs."""
    return [{**one.fields(), "holds_here": one.holds_at(place)} for one in rollouts]


def _aim(rollout: Rollout) -> str:
    refuse = {True: "refuse = true", False: "refuse = false", None: ""}[rollout.refuse]
    what = " and ".join(filter(None, (rollout.stage, refuse)))
    return f"{what} for {rollout.path or 'all rules'}"


def _share(rollout: Rollout) -> str:
    of = " of ".join(filter(None, (f"on {rollout.percent:g} % of the hosts", rollout.service)))
    return f"{of} in {rollout.environment}" if rollout.environment else of
