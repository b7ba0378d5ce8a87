"""Read the exemptions of a map, and say what is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.rules.loader import load_map
from enforcer.rules.mistakes import MapError
from enforcer.rules.model import MigrationMap

ReadMap = Callable[..., MigrationMap]

WHOLE = '{ path = "a.old", caller = "app.py", until = 2026-12-31, reason = "later" }'
MAPS = {
    "inline": ("enforcer.toml", f"[enforcer]\nallow = [{WHOLE}]\n"),
    "tables": (
        "enforcer.toml",
        "[[enforcer.allow]]\n" + WHOLE.strip("{} ").replace(", ", "\n"),
    ),
    "project": ("pyproject.toml", f"[tool.enforcer]\nallow = [{WHOLE}]\n"),
    "project tables": (
        "pyproject.toml",
        "[[tool.enforcer.allow]]\n" + WHOLE.strip("{} ").replace(", ", "\n"),
    ),
    "date as text": (
        "enforcer.toml",
        f"[enforcer]\nallow = [{WHOLE.replace('2026-12-31', chr(34) + '2026-12-31' + chr(34))}]\n",
    ),
}


@pytest.mark.parametrize("form", MAPS)
def test_each_way_to_write_one(read_map: ReadMap, form: str) -> None:
    name, text = MAPS[form]

    (found,) = read_map(text, name=name).allow

    fields = (found.path, found.caller, found.until, found.reason)
    assert fields == ("a.old", "app.py", "2026-12-31", "later")
    assert found.line in (1, 2)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (WHOLE.replace(', reason = "later"', ""), 'the exemption has no "reason"'),
        (WHOLE.replace('"later"', '""'), 'the exemption has no "reason"'),
        (WHOLE.replace("2026-12-31", '"soon"'), '"soon" is not a date'),
        (WHOLE.replace("caller", "callers"), '"callers" is not a key of an exemption'),
        (WHOLE.replace('"app.py"', "3"), '"caller" is an integer'),
        ("3", '"allow" is an array with an integer'),
    ],
)
def test_what_is_wrong_with_one(read_map: ReadMap, written: str, said: str) -> None:
    with pytest.raises(MapError) as raised:
        read_map(f"[enforcer]\nallow = [{written}]\n")

    assert said in str(raised.value)
    assert ":2: " in str(raised.value)


def test_a_table_is_no_array(read_map: ReadMap) -> None:
    with pytest.raises(MapError, match='"allow" is a table'):
        read_map(f"[enforcer]\nallow = {WHOLE}\n")


def test_a_compiled_map_has_them_too(tmp_path: Path) -> None:
    file = tmp_path / "enforcer.toml"
    file.write_text(MAPS["inline"][1])
    first, second = (load_map(str(file), cached=True) for _ in range(2))

    assert list(tmp_path.glob(".enforcer/*.cache"))
    assert [repr(one) for one in first.allow] == [repr(one) for one in second.allow]
    assert len(second.allow) == 1
