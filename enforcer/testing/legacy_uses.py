"""The fixture ``legacy_uses``: the legacy paths that a test has used."""

from collections.abc import Callable

from enforcer.recording.use import BLOCKED, PROBE, Use


class LegacyUses:
    """Uses of one test, up to date at each access."""

    def __init__(self, take: Callable[[], list[Use]]) -> None:
        """Begin with the earlier uses.

        Args:
            take: returns all uses of the test up to now.

        """
        self._take = take
        self._acknowledged = False

    @property
    def all(self) -> list[Use]:
        """Every use, refused ones too; probes are no uses."""
        return [use for use in summed(self._take()) if use.site.mechanism != PROBE]

    @property
    def paths(self) -> set[str]:
        """The legacy paths that were used."""
        return {use.site.path for use in self.all}

    @property
    def count(self) -> int:
        """How many uses there were."""
        return sum(use.count for use in self.all)

    @property
    def refused(self) -> list[Use]:
        """The uses that strict mode refused; reading them declares them expected.

        Afterwards, a refusal that the code under test swallowed does not fail the test.
        """
        self._acknowledged = True
        return [use for use in self.all if use.outcome == BLOCKED]

    @property
    def expects_refusals(self) -> bool:
        """Whether the test has read what was refused."""
        return self._acknowledged


def summed(uses: list[Use]) -> list[Use]:
    """Return each call site once, with all its uses."""
    found: dict[tuple[object, str], Use] = {}
    for use in uses:
        known = found.get((use.site, use.outcome))
        if known is None:
            found[use.site, use.outcome] = use
            continue
        found[use.site, use.outcome] = Use(
            use.rule,
            stage=use.stage,
            outcome=use.outcome,
            site=use.site,
            count=known.count + use.count,
            first_seen=known.first_seen,
            last_seen=use.last_seen,
        )
    return list(found.values())
