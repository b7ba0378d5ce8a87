"""The source tree at a moment, as a scan of it would be recorded."""

from enforcer.findings import InstalledReference, RecordedScan, ScanFinding
from enforcer.recording.use import (
    IMPORT_MODULE,
    IMPORT_STATEMENT,
    OWN,
    THIRD_PARTY,
    CallSite,
)
from enforcer.rules.model import Rule
from tests.simulation.fleet import TO_DEPLOY
from tests.simulation.world import DYNAMIC, HOUR, INSTALLED, STATIC, Caller, Life, World


def rule_of(number: int) -> Rule:
    """Return a rule of the map by its number."""
    return Rule(f"shop.old_{number}", f"shop.new_{number}", stage="alias")


def site_of(number: int, caller: Caller) -> CallSite:
    """Return the call site that a caller's uses are recorded with."""
    is_installed = caller.kind == INSTALLED
    is_dynamic = caller.kind == DYNAMIC
    return CallSite(
        f"shop.old_{caller.rule}",
        file=_file(number, caller),
        line=number + 1,
        function="load" if is_dynamic else "<module>",
        module=f"shop.module_{number}",
        mechanism=IMPORT_MODULE if is_dynamic else IMPORT_STATEMENT,
        relation=THIRD_PARTY if is_installed else OWN,
        distribution="plugins" if is_installed else "",
    )


def _file(number: int, caller: Caller) -> str:
    if caller.kind == INSTALLED:
        return f"/srv/venv/site-packages/plugins/module_{number}.py"
    if caller.kind == DYNAMIC:
        return "shop/loading.py"  # its name comes from configuration, which no scan reads
    return f"shop/{caller.service}/module_{number}.py"


def revision(time: int) -> str:
    """Return the newest commit at a time; there is one each hour."""
    return f"{time // HOUR:040x}"


def version(world: World, life: Life) -> str:
    """Return the version that a process says: its commit, or a number of its service."""
    if not life.service.has_version:
        return ""
    built = life.built
    return revision(built) if world.releases else f"2026.{built // HOUR}"


def scan(world: World, scanned: int) -> RecordedScan:
    """Return what a scan finds: of the commit that is deployed, or else of the newest."""
    released = [release for release in world.releases if release <= scanned]
    time = released[-1] - TO_DEPLOY if released else scanned
    findings, installed = [], []
    for number, caller in enumerate(world.callers):
        legacy = f"shop.old_{caller.rule}"
        if not caller.since <= time < caller.until:
            continue
        if caller.kind == STATIC:
            findings.append(
                ScanFinding(
                    _file(number, caller),
                    line=number + 1,
                    column=1,
                    end_line=number + 1,
                    end_column=20,
                    legacy=legacy,
                    canonical=f"shop.new_{caller.rule}",
                    rule=legacy,
                    form="import",
                )
            )
        elif caller.kind == INSTALLED:
            file = f"plugins/module_{number}.py"
            installed.append(
                InstalledReference("plugins", "1.0", file, number + 1, legacy, legacy, "import")
            )
    return RecordedScan(
        revision(time),
        is_dirty=False,
        committed=time // HOUR * HOUR,
        scanned=scanned,
        root="/srv/shop",
        files=1_000,
        rules=tuple(f"shop.old_{n}" for n, added in enumerate(world.rules) if added <= scanned),
        findings=tuple(findings),
        installed=tuple(installed),
    )
