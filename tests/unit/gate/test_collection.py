"""What the gate makes of a map, its source, its baseline, and what a run has seen."""

import datetime as dt
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.baseline.model import Baseline, Entry
from enforcer.baseline.run_record import Record, SeenSite
from enforcer.gate.as_lines import line_of
from enforcer.gate.collection import Gate, gather
from enforcer.gate.findings import Level
from enforcer.gate.seen import NOBODY
from enforcer.rules.loader import load_map

TODAY = dt.date(2026, 6, 1)
RULE = """\
[[rule]]
legacy = "shop.old"
canonical = "shop.new"
"""
FACTORY = """
[[factory]]
legacy = "shop.made:old_cart"
canonical = "shop.made:cart"
stage = "strict"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "enforcer.toml": RULE,
        "shop/__init__.py": "",
        "shop/new.py": "X = 1\n",
        "shop/old.py": "X = 1\n",
        "shop/app.py": "from shop.old import X\n",
        "shop/other.py": "from shop.old import X\n",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return tmp_path


def gate(
    project: Path,
    *sites: SeenSite,
    baseline: Baseline | None = None,
    is_stale_error: bool = True,
    blind: dict[str, str] | None = None,
) -> Gate:
    record = Record()
    if blind is not None:
        record.miss("a store does not know what else there is")
        record.blind = blind
    for site in sites:
        record.add_site(site)
    return gather(
        load_map(str(project / "enforcer.toml"), environ={}),
        baseline or Baseline((), str(project / "enforcer-baseline.toml")),
        record,
        today=TODAY,
        warn_before=dt.timedelta(days=14),
        is_stale_error=is_stale_error,
        reads_source=False,
    )


def seen(file: str, line: int, path: str = "shop.old", outcome: str = "aliased") -> SeenSite:
    return SeenSite(path, file, "<module>", "import_statement", line, outcome, "", "a test")


def found(gate: Gate) -> list[tuple[str, str, int]]:
    return [(one.kind, one.file, one.line) for one in gate.findings]


def write_map(project: Path, text: str) -> None:
    (project / "enforcer.toml").write_text(dedent(text))


@pytest.mark.parametrize(("is_error", "level"), [(True, Level.ERROR), (False, Level.WARNING)])
def test_entries_that_are_gone_close_it_or_warn(
    project: Path, *, is_error: bool, level: Level
) -> None:
    entry = Entry("shop.old", "shop/app.py", "<module>", "import_statement", count=1, line=3)
    baseline = Baseline((entry,), str(project / "enforcer-baseline.toml"))
    result = gate(project, baseline=baseline, is_stale_error=is_error)

    assert [(one.kind, one.level) for one in result.findings] == [("stale-entry", level)]
    assert result.is_open is not is_error


def test_places_that_the_run_has_seen_hide_no_others(project: Path) -> None:
    """The run knows what is refused at shop/app.py:1; the source shows the other place."""
    write_map(project, f'{RULE}stage = "strict"\n')
    result = gate(project, seen("shop/app.py", 1, outcome="exempted"))

    assert ("would-be-refused", "shop/other.py", 1) in found(result)
    assert ("would-be-refused", "shop/app.py", 1) not in found(result)


@pytest.mark.parametrize(
    ("caller", "until", "is_new"),
    [
        ("shop/app.py", "2999-12-31", False),
        ("shop/other.py", "2999-12-31", True),
        ("shop/app.py", "2026-05-31", True),
    ],
)
def test_an_exemption_covers_its_caller_until_its_day(
    project: Path, *, caller: str, until: str, is_new: bool
) -> None:
    exemption = f'{{ path = "shop.old", caller = "{caller}", until = {until}, reason = "later" }}'
    write_map(project, f"[enforcer]\nallow = [{exemption}]\n{RULE}")
    result = gate(project, seen("shop/app.py", 1))

    assert (("new-use", "shop/app.py", 1) in found(result)) is is_new


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("<stdin>", "<stdin>"),
        ("site-packages/six.py", "site-packages/six.py"),
        ("shop/app.py", "backend/shop/app.py"),
        ("../tool.py", "tool.py"),
    ],
)
def test_a_file_is_named_from_the_top_of_the_repository(
    project: Path, file: str, named: str
) -> None:
    """Unless it lies in none: what has no file, and what is installed."""
    backend = project / "backend"
    backend.mkdir()
    (project / "shop").rename(backend / "shop")
    (project / ".git").mkdir()
    write_map(project, f'[enforcer]\nroot = "backend"\n{RULE}')

    assert ("new-use", named, 7) in found(gate(project, seen(file, 7)))


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("shop.old", 'Use "shop.new".'),
        ("shop.old:X", 'Use "shop.new".'),
        ("shop.none", "Use the canonical path."),
    ],
)
def test_what_to_use_instead(project: Path, path: str, remedy: str) -> None:
    """A name is covered by the rule of its module."""
    (new,) = [one for one in gate(project, seen("shop/app.py", 1, path)).findings if one.line == 1]
    assert new.remedy == remedy


def test_calls_of_a_factory_that_refuses(project: Path) -> None:
    """They are refused as imports are."""
    (project / "shop/made.py").write_text("def cart(): pass\ndef old_cart(): pass\n")
    (project / "shop/buy.py").write_text("from shop.made import old_cart\nold_cart()\n")
    write_map(project, FACTORY)

    assert ("would-be-refused", "shop/buy.py", 2) in found(gate(project))


def test_names_that_would_break_are_named_where_the_alias_answers(project: Path) -> None:
    """In observe the legacy code goes on answering; what is removed is refused as a whole."""
    (project / "shop/old.py").write_text("X = ONLY = 1\n")
    (project / "shop/app.py").write_text("from shop.old import ONLY\n")
    kinds = {}
    for stage in ("observe", "alias", "removed"):
        write_map(project, f'{RULE}stage = "{stage}"\n')
        kinds[stage] = {one[0] for one in found(gate(project)) if one[1] == "shop/app.py"}
    assert kinds == {
        "observe": set(),
        "alias": {"would-break"},
        "removed": {"would-be-refused"},
    }


def test_a_rule_that_no_process_has_is_new_in_the_map(project: Path) -> None:
    """It is no news; what only some processes watched is."""
    write_map(project, f"{RULE}{RULE.replace('old', 'older')}")
    result = gate(project, blind={"shop.old": NOBODY, "shop.older": "not watched by shop 1"})

    (one,) = [one for one in result.findings if one.kind == "blind-rule"]
    assert (one.path, one.level) == ("shop.older", Level.WARNING)


@pytest.mark.parametrize(("file", "is_named"), [("shop/gone.py", True), ("shop/app.py", False)])
def test_an_entry_for_a_file_that_is_gone(project: Path, *, file: str, is_named: bool) -> None:
    entry = Entry("shop.old", file, "<module>", "import_statement", line=3)
    baseline = Baseline((entry,), str(project / "enforcer-baseline.toml"))

    kinds = {one[0] for one in found(gate(project, baseline=baseline, blind={}))}
    assert ("unknown-caller" in kinds) is is_named


def test_finding_has_the_owners_of_its_file_and_of_its_rule(project: Path) -> None:
    """The caller's team mends it; the rule's owner knows what to write."""
    (project / "CODEOWNERS").write_text("/shop/app.py @web @mobile\n")
    (project / "enforcer.toml").write_text(f'{RULE}stage = "removed"\nowner = "@cart, @core"\n')
    findings = {one.file: one for one in gate(project).findings if one.kind == "would-be-refused"}
    found = findings["shop/app.py"]
    assert (found.owners, found.rule_owners) == (("@web", "@mobile"), ("@cart", "@core"))
    assert line_of(found).text.endswith("(would-be-refused) @web @mobile")
    assert findings["shop/other.py"].owners == ()
