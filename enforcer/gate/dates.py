"""Findings of days: rules and exemptions whose day has passed, or is near."""

from collections.abc import Iterator

from enforcer.gate.finding_writer import FindingWriter
from enforcer.gate.findings import Finding
from enforcer.rules.exemptions import Exemption
from enforcer.rules.model import MigrationMap, Rule
from enforcer.rules.stages import REMOVED


class DatedFindings:
    """Findings of the days of one map."""

    def __init__(self, migration_map: MigrationMap, writer: FindingWriter, soon: str) -> None:
        """Bind to a map.

        Args:
            migration_map: the map.
            writer: writes the findings.
            soon: the day before which a day is near.

        """
        self._map = migration_map
        self._writer = writer
        self._soon = soon

    def __iter__(self) -> Iterator[Finding]:
        """Yield a finding for each rule and each exemption that is due."""
        for rule in self._map:
            if rule.remove_after and rule.stage != REMOVED and rule.remove_after < self._soon:
                yield self._rule_day(rule)
        for exemption in self._map.allow:
            if exemption.until < self._soon:
                yield self._exemption_day(exemption)

    def _rule_day(self, rule: Rule) -> Finding:
        is_past = rule.remove_after < self._writer.today
        verb = "was" if is_past else "is"
        return self._writer.write(
            "expired-rule" if is_past else "expiring-rule",
            self._writer.in_map(rule.line),
            f'"{rule.legacy}" {verb} to be removed after {rule.remove_after}',
            f'Mend its callers and write stage = "{REMOVED}", or a later day',
            rule.legacy,
            is_error=is_past,
        )

    def _exemption_day(self, exemption: Exemption) -> Finding:
        is_past = not exemption.holds_on(self._writer.today)
        verb = "ended" if is_past else "ends"
        return self._writer.write(
            "expired-exemption" if is_past else "expiring-exemption",
            self._writer.in_map(exemption.line),
            f'the exemption of {exemption.caller} for "{exemption.path}" {verb} '
            f"on {exemption.until} ({exemption.reason})",
            "Mend the caller and remove the exemption, or write a later day",
            exemption.path,
            is_error=is_past,
        )
