"""Reports of recorded uses: who still uses which legacy path."""

from enforcer.report.builder import build
from enforcer.report.model import Report, RuleReport, SiteReport

__all__ = ["Report", "RuleReport", "SiteReport", "build"]
