"""A program that runs takes the sound part of a map with mistakes (``fail_open``)."""

import os
from pathlib import Path

import pytest

from enforcer.rules.loader import load_map
from enforcer.rules.mistakes import MapError
from enforcer.rules.model import MigrationMap

OTHER = '[[rule]]\nlegacy = "other"\ncanonical = "elsewhere"\n'


def load(folder: Path, text: str = "", **environ: str) -> MigrationMap:
    """Load a map as a program does that runs."""
    file = folder / "enforcer.toml"
    if text:
        file.write_text(text)
    caches = {"XDG_CACHE_HOME": str(folder / "caches"), **environ}
    return load_map(str(file), environ=caches, cached=True, lenient=True)


def rule(**values: str) -> str:
    """Write a rule for ``old``, with values as TOML."""
    keys = {"legacy": '"old"', "canonical": '"new"', **values}
    return "[[rule]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items() if value)


LEFT_OUT = {
    "no canonical": rule(canonical=""),
    "path": rule(legacy='"9old"'),
    "kinds": rule(canonical='"new:x"'),
    "itself": rule(canonical='"old"'),
    "own tree": rule(canonical='"old.new"'),
    "no table": "rule = [3, { legacy = 'other', canonical = 'elsewhere' }]\n",
}
OBSERVED = {
    "stage": rule(stage='"later"'),
    "stage of a wrong type": rule(stage="3"),
    "default stage": '[enforcer]\ndefault_stage = "later"\n' + rule(),
    "names": rule(names="3"),
    "a name": rule(names='{ x = "9" }'),
    "implementation": rule(implementation='"yes"'),
    "fallback": rule(fallback='"lgacy"'),
    "circle": rule() + '[[rule]]\nlegacy = "new"\ncanonical = "old"\n',
}
HELD = {
    "key": rule(shade='"dark"'),
    "keys": rule(shade='"dark"', light="3"),
    "reason": rule(reason="3"),
    "owner": rule(owner="[]"),
    "date": rule(remove_after='"2026-13-01"'),
    "dates": rule(since="2026-02-01", remove_after="2026-01-01"),
    "option": '[enforcer]\nservce = "shop"\n' + rule(),
    "table": '[stagee]\npath = "x"\n' + rule(),
    "second rule": rule() + rule(canonical='"newer"'),
}


@pytest.mark.parametrize("text", LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_rule_without_sound_paths_is_left_out_and_the_others_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """The notice has the file, the line and what is wrong."""
    monkeypatch.chdir(tmp_path)
    found = load(tmp_path, text if "other" in text else text + OTHER)

    assert [each.legacy for each in found.rules] == ["other"]
    ((kind, _, message),) = found.ignored
    assert kind == "left-out"
    assert " is left out: enforcer.toml:" in message


@pytest.mark.parametrize("text", OBSERVED.values(), ids=OBSERVED)
def test_a_rule_with_a_mistake_that_decides_is_observed(tmp_path: Path, text: str) -> None:
    """The program gets what is there: the legacy module's own code, or the canonical module."""
    found = load(tmp_path, text)

    assert found.match("old") is not None
    assert {each.stage for each in found.rules} == {"observe"}
    assert {kind for kind, _, _ in found.ignored} == {"ignored"}


@pytest.mark.parametrize("text", HELD.values(), ids=HELD)
def test_a_rule_holds_without_a_key_that_is_not_understood(tmp_path: Path, text: str) -> None:
    """As a newer map has in an older enforcer, or a date that does not exist."""
    found = load(tmp_path, text)

    (held,) = found.rules
    assert (held.legacy, held.canonical, held.stage) == ("old", "new", "alias")
    assert held.remove_after in ("", "2026-01-01")
    assert [kind for kind, _, _ in found.ignored] == ["ignored"]


@pytest.mark.parametrize("text", [*LEFT_OUT.values(), *OBSERVED.values(), *HELD.values()])
def test_a_map_that_says_so_is_not_taken_in_part(tmp_path: Path, text: str) -> None:
    """``fail_open = false``, and whoever checks a map, get all mistakes as an error."""
    option = "fail_open = false\n"
    closed = text.replace("[enforcer]\n", f"[enforcer]\n{option}")
    closed = closed if option in closed else f"{text}[enforcer]\n{option}"
    with pytest.raises(MapError) as caught:
        load(tmp_path, closed)
    assert not caught.value.fail_open

    load(tmp_path, text + (OTHER if "elsewhere" not in text else ""))
    with pytest.raises(MapError):
        load_map(str(tmp_path / "enforcer.toml"), environ={}, cached=True)


def test_a_path_that_another_rule_watches_is_not_blind(tmp_path: Path) -> None:
    """Only a path that nobody watches is."""
    found = load(tmp_path, rule() + rule(canonical=""))
    assert [(kind, subject) for kind, subject, _ in found.ignored] == [("ignored", "old")]


def test_a_rule_leads_to_where_its_canonical_path_leads(tmp_path: Path) -> None:
    """A rule that somebody adds for the canonical path takes no alias away."""
    found = load(
        tmp_path,
        rule(names='{ f = "g" }')
        + '[[rule]]\nlegacy = "new"\ncanonical = "newest"\nnames = { g = "h", i = "j" }\n'
        + '[[rule]]\nlegacy = "old_tree.*"\ncanonical = "tree.old.*"\n'
        + '[[rule]]\nlegacy = "tree.*"\ncanonical = "trees.*"\n'
        + '[[rule]]\nlegacy = "live:x"\ncanonical = "new:g"\n',
    )

    ends = {each.legacy: each.canonical for each in found.rules}
    assert ends["old"] == "newest"
    assert ends["old_tree.*"] == "trees.old.*"
    assert ends["live:x"] == "newest:h"
    assert found.rules[0].names == {"f": "h", "g": "h", "i": "j"}
    assert {each.stage for each in found.rules} == {"alias"}


def test_a_canonical_path_that_is_only_observed_is_an_end(tmp_path: Path) -> None:
    """Its own code goes on running: two paths that were one object stay one."""
    moved = '[[rule]]\nlegacy = "new"\ncanonical = "newest"\nstage = "observe"\n'
    assert load(tmp_path, rule() + moved).rules[0].canonical == "new"


@pytest.mark.parametrize(
    "option",
    [
        'allow = [{ path = "old", caller = "a.py" }]',
        "allow = 3",
        "baseline = 3",
        'refuse = "no"',
        '[[stage]]\npath = "old"\nstage = "strict"\nregion = "eu"',
        '[[stage]]\npath = "old"\nrefuse = true\n[[stage]]\nstage = 3',
    ],
)
def test_strict_rules_refuse_nobody_where_it_is_not_known_who_may(
    tmp_path: Path, option: str
) -> None:
    """As where the baseline can't be read."""
    found = load(tmp_path, f"[enforcer]\n{option}\n" + rule(stage='"strict"'))

    assert [(each.stage, each.refuses) for each in found.rules] == [("strict", False)]
    assert found.allow == ()
    text = found.ignored[0][2]
    assert "strict paths refuse nobody: " in text
    assert text.startswith("a table [[stage]] is ignored, and ") == ("[[stage]]" in option)


def test_nothing_is_sent_where_the_filter_is_not_known(tmp_path: Path) -> None:
    """Telemetry without it might say what must not leave the machine."""
    assert not load(tmp_path, '[enforcer]\nscrub = "privacy"\n' + rule()).telemetry


def test_factories_and_instances_with_mistakes_change_no_call(tmp_path: Path) -> None:
    """A factory's legacy code runs, and instances are made as without the rule."""
    found = load(
        tmp_path,
        '[[factory]]\nlegacy = "a:f"\ncanonical = "b:f"\narguments = 3\n'
        '[[factory]]\nlegacy = "a:g"\ncanonical = "b:g"\nowner = 3\n'
        '[[instances]]\ncanonical = "a:C"\nkey = "x"\nmaximum = 0\n'
        '[[instances]]\ncanonical = "a:D"\nkey = "x"\nlink = 0\n',
    )

    assert [(each.legacy, each.stage) for each in found.factories] == [
        ("a:f", "observe"),
        ("a:g", "alias"),
    ]
    assert [each.canonical for each in found.instances] == ["a:D"]
    assert sorted((kind, subject) for kind, subject, _ in found.ignored) == [
        ("ignored", "a:D"),
        ("ignored", "a:f"),
        ("ignored", "a:g"),
        ("left-out", "a:C"),
    ]


def test_a_project_file_is_taken_in_part_as_well(tmp_path: Path) -> None:
    """What it says of other tools plays no part."""
    file = tmp_path / "pyproject.toml"
    file.write_text(
        '[[tool.enforcer.rule]]\nlegacy = "other"\n[project]\nname = "x"\n'
        '[[tool.enforcer.rule]]\nlegacy = "old"\ncanonical = "new"\n'
    )
    found = load_map(str(file), environ={}, lenient=True)

    assert [each.legacy for each in found.rules] == ["old"]
    assert [subject for _, subject, _ in found.ignored] == ["other"]


@pytest.mark.parametrize(
    "name", ["ENFORCER_FLUSH_INTERVAL", "ENFORCER_EXIT_TIMEOUT", "ENFORCER_MAX_CALL_SITES"]
)
def test_a_number_that_is_none_is_ignored(tmp_path: Path, name: str) -> None:
    """A line says so, and the default holds."""
    found = load(tmp_path, rule(), **{name: "often"})
    ((kind, subject, text),) = found.ignored
    assert (kind, subject) == ("ignored", f"environment variable {name}")
    assert text.endswith('"often" is not a number. Write one, or unset it. (not-a-number)')
    assert load(tmp_path, rule(), **{name: " "}).ignored == ()
    with pytest.raises(MapError, match="not-a-number"):
        load_map(str(tmp_path / "enforcer.toml"), environ={name: "often"})


@pytest.mark.parametrize("name", ["ENFORCER_STAGE", "ENFORCER_LOG", "ENFORCER_STORE"])
def test_a_variable_that_makes_no_sense_is_ignored(tmp_path: Path, name: str) -> None:
    """The map holds as it is written."""
    plain = load(tmp_path, rule() + '[enforcer]\nlog = "logging"\n')
    found = load(tmp_path, **{name: "odd://nonsense"})

    assert (found.log, found.store, found.rules[0].stage) == ("logging", plain.store, "alias")
    ((kind, subject, text),) = found.ignored
    assert (kind, subject) == ("ignored", f"environment variable {name}")
    assert "nonsense" in text or "odd" in text


def test_the_compiled_form_has_what_is_ignored(tmp_path: Path) -> None:
    """The next process knows it without parsing, and no reader who checks takes that form."""
    text = rule(shade='"dark"') + rule(legacy='"9"')
    parsed, compiled = load(tmp_path, text), load(tmp_path)

    assert compiled.ignored == parsed.ignored
    assert compiled.identity == parsed.identity
    assert len(compiled.ignored) == 2


def test_an_identity_says_what_was_left_out(tmp_path: Path) -> None:
    """Another enforcer may understand all of the same file: its rules are others."""
    found = load(tmp_path, rule() + rule(legacy='"9"'))
    whole = MigrationMap(digest=found.digest)
    assert found.identity.startswith(whole.identity)
    assert found.identity != whole.identity


UNREADABLE = {
    "no TOML": b"[[rule]\n",
    "no UTF-8": b"# \xe9\n",
    "half": rule().encode()[:-12],
    "nothing sound": rule(legacy='"9"').encode(),
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
def test_what_the_map_said_last_holds_where_it_can_not_be_read(tmp_path: Path, data: bytes) -> None:
    """And there is a notice of it."""
    before = load(tmp_path, rule())
    (tmp_path / "enforcer.toml").write_bytes(data)
    found = load(tmp_path)

    assert [each.legacy for each in found.rules] == ["old"]
    assert (found.digest, found.identity) == (before.digest, before.identity)
    ((kind, _, text),) = found.ignored
    assert kind == "last"
    assert "enforcer.toml" in text


@pytest.mark.parametrize("kind", ["deleted", "folder", "pipe"])
def test_what_the_map_said_last_holds_where_it_is_gone(tmp_path: Path, kind: str) -> None:
    """Deleting the file is no way to switch the enforcer off: the aliases would be gone."""
    load(tmp_path, rule())
    file = tmp_path / "enforcer.toml"
    file.unlink()
    if kind != "deleted":
        {"folder": file.mkdir, "pipe": lambda: os.mkfifo(file)}[kind]()

    assert [each.legacy for each in load(tmp_path).rules] == ["old"]
    with pytest.raises(MapError):
        load_map(str(file), environ={}, cached=True)


def test_the_last_map_is_the_one_that_the_file_had_last(tmp_path: Path) -> None:
    """An edit that was taken back has the younger cache."""
    for legacy in ("first", "second", "first"):
        load(tmp_path, rule(legacy=f'"{legacy}"'))
    (tmp_path / "enforcer.toml").unlink()

    assert [each.legacy for each in load(tmp_path).rules] == ["first"]


def test_a_child_that_asks_for_the_map_of_its_parent_does_not_make_it_the_last(
    tmp_path: Path,
) -> None:
    """The parent may be as old as it likes."""
    parents = load(tmp_path, rule(legacy='"first"'))
    load(tmp_path, rule(legacy='"second"'))
    file = str(tmp_path / "enforcer.toml")
    child = load_map(file, environ={}, cached=True, wanted=parents.digest, lenient=True)
    assert [each.legacy for each in child.rules] == ["first"]
    (tmp_path / "enforcer.toml").unlink()

    assert [each.legacy for each in load(tmp_path).rules] == ["second"]


def test_a_map_that_may_stop_the_program_does_so_when_it_can_not_be_read(tmp_path: Path) -> None:
    """It said ``fail_open = false`` before."""
    load(tmp_path, rule() + "[enforcer]\nfail_open = false\n")
    (tmp_path / "enforcer.toml").unlink()
    with pytest.raises(MapError) as caught:
        load(tmp_path)
    assert not caught.value.fail_open


def test_a_map_that_was_never_read_is_an_error(tmp_path: Path) -> None:
    """There is nothing to go on with."""
    with pytest.raises(MapError, match="no such file") as caught:
        load(tmp_path)
    assert caught.value.fail_open


def test_a_store_keeps_everything_where_it_is_not_known_how_long(tmp_path: Path) -> None:
    """What was removed by mistake would be gone."""
    assert load(tmp_path, "[enforcer]\nkeep_days = 30\n" + rule()).keep_days == 0
    assert load(tmp_path, '[enforcer]\nkeep_days = "1y"\n' + rule()).keep_days == 0
    assert load(tmp_path, "[enforcer]\nkeep_days = 91\n" + rule()).keep_days == 91
    assert load(tmp_path, rule()).keep_days == 400
    of = "[enforcer]\nkeep_days_of = { a = 91, b = 90, c = 401, d = true, e = 400 }\n"
    assert load(tmp_path, of + rule()).keep_days_of == (("a", 91), ("e", 400))
    assert load(tmp_path, "[enforcer]\nkeep_days_of = 91\n" + rule()).keep_days_of == ()
    # In the store the empty name is all services.
    empty = '[enforcer]\nkeep_days_of = { "" = 120, " " = 120, a = 120 }\n'
    assert load(tmp_path, empty + rule()).keep_days_of == (("a", 120),)
