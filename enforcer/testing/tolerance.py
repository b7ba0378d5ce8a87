"""Call sites that a test run tolerates: its baseline, and what the running test allows."""

import sys
from time import strftime

from enforcer.baseline.run_record import ALLOWED
from enforcer.source import markers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from enforcer.recording.use import CallSite
    from enforcer.rules.exemptions import Exemption
    from enforcer.testing.allowances import Allowed

MARKER = markers.ALLOWING
"""Name of the marker by which a test allows uses."""


EXPECTING = markers.EXPECTING
"""Name of the marker by which a test expects refusals."""


class Tolerated:
    """Container of the call sites that strict rules tolerate now; notes that somebody asked.

    A run collects its uses when there may be new ones, not after each test: each refusal asks here,
    and so does the first use of each call site that is not refused.

    Attributes:
        allowed: what the running test allows.
        has_news: whether there may be uses that were not collected yet.

    """

    def __init__(
        self, baseline: "Container[CallSite]", exemptions: "Sequence[Exemption]" = ()
    ) -> None:
        """Bind to the baseline and the map's exemptions."""
        self._baseline = baseline
        self._exemptions = exemptions
        self.allowed: tuple[Allowed, ...] = ()
        self.has_news = False

    def note(self) -> None:
        """Record that there is a new call site."""
        if not self.has_news:
            self.has_news = True
            # Rules in stage removed refuse without asking this container.
            _hide_frames()

    def excuse(self, site: "CallSite") -> str:
        """Return why a use does not concern the baseline; empty if it does."""
        if any(one.covers(site) for one in self.allowed):
            return ALLOWED
        today = strftime("%Y-%m-%d") if self._exemptions else ""
        exempted = (one.holds_on(today) and one.covers(site) for one in self._exemptions)
        return ALLOWED if any(exempted) else ""

    def __contains__(self, site: object) -> bool:
        """Return whether a call site is tolerated now."""
        self.has_news = True
        if site in self._baseline:
            return True
        if any(one.covers(site) for one in self.allowed):  # type: ignore[arg-type]
            return True
        _hide_frames()
        return False


def _hide_frames() -> None:
    """Hide the enforcer's frames, so that a refusal's traceback ends at the refused import."""
    for name, module in sys.modules.copy().items():
        if name.startswith(("enforcer.runtime.imports.", "enforcer.runtime.delegation.")):
            vars(module)["__tracebackhide__"] = True
