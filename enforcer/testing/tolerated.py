"""Hold what a test run tolerates: its baseline, and what the running test allows."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from enforcer.recording.use import CallSite
    from enforcer.testing.allowing import Allowed

MARKER = "allow_legacy"
"""The name of the marker by which a test allows something."""


class Tolerated:
    """Tell which call sites strict rules tolerate now, and that somebody asked.

    A run asks for its uses when there may be new ones, not after each test: each refusal asks
    here, and so does the first use of each call site that is not refused.

    Attributes:
        allowed: what the running test allows.
        has_news: whether there may be uses of which nobody was told.

    """

    def __init__(self, baseline: "Container[CallSite]") -> None:
        """Take the baseline."""
        self._baseline = baseline
        self.allowed: tuple[Allowed, ...] = ()
        self.has_news = False

    def note(self) -> None:
        """Hear that there is a new call site."""
        if not self.has_news:
            self.has_news = True
            _hide_frames()  # rules in stage removed refuse without asking

    def __contains__(self, site: object) -> bool:
        """Tell whether a call site is tolerated now."""
        self.has_news = True
        if site in self._baseline:
            return True
        if any(one.covers(site) for one in self.allowed):  # type: ignore[arg-type]
            return True
        _hide_frames()
        return False


def _hide_frames() -> None:
    """Have pytest end the traceback of a refusal at the import that was refused."""
    for name, module in sys.modules.copy().items():
        if name.startswith(("enforcer.imports.", "enforcer.delegation.")):
            vars(module)["__tracebackhide__"] = True
