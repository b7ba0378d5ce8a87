"""A number agrees with its noun, in whatever the project writes."""

import re
from pathlib import Path

import pytest

import enforcer
from enforcer.output.words import agreed, counted, first

PACKAGE = Path(str(enforcer.__file__)).parent
NOUNS = (
    "call sites|callers|checks|days|entries|files|findings|hosts|imports|instances|lines|mistakes|"
    "modules|packages|paths|processes|references|requests|rows|rules|services|sites|times|uses|"
    "versions|warnings"
)
WRITTEN = re.compile(rf"\}} (?:more )?(?:{NOUNS})\b")

# The number is greater than 1 wherever these are written.
SEVERAL = {
    "baseline/model.py": "({self.count} call sites)",
    "gate/collection.py": "{len(lines)} call sites",
    "report/builder.py": "{processes:,} times",
    "report/words.py": "{report.processes:,} processes)",
    "startup.py": "{len(mistakes)} mistakes",
    "store/sqlite/opening.py": "{lost} uses",
    "testing/refusals.py": "({use.count} times)",
    "verification/instance_judgement.py": "{len(calls)} requests",
    "verification/sections.py": "{len(cases):,} times",
}
# A constant, which no user sets; a key of the map, whose text is for developers; and verbs.
OTHER = {
    "rules/keys.py": ("{LEAST_DAYS} days", "{maximum} instances"),
    "rules/terms.py": ("{self.every} days",),
    "discovery/fragments.py": ("{self._group.canonical} imports",),
}


def test_counted() -> None:
    assert [counted(number, "use") for number in (0, 1, 2, 1_000)] == [
        "0 uses",
        "1 use",
        "2 uses",
        "1,000 uses",
    ]
    assert (agreed(1, "process", "processes"), agreed(2, "process", "processes")) == (
        "process",
        "processes",
    )
    assert first(["a", "b"], 1, "file") == ["a", "and 1 more file"]


@pytest.mark.parametrize("suffix", ["py", "html"])
def test_no_text_has_a_plural_for_one(suffix: str) -> None:
    """A "1 call sites" reads as carelessness: ``counted`` writes numbers with their nouns."""
    wrong = []
    for file in sorted(PACKAGE.rglob(f"*.{suffix}")):
        name = file.relative_to(PACKAGE).as_posix()
        known = (*OTHER.get(name, ()), *filter(None, (SEVERAL.get(name),)))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if WRITTEN.search(line) and not any(text in line for text in known):
                wrong.append(f"{name}:{number} {line.strip()}")
    assert wrong == []
