"""What is proposed instead of a legacy path works, or nothing is proposed."""

import sys
from types import ModuleType

import pytest

from enforcer.recording.use import IMPORT_MODULE, IMPORT_STATEMENT, CallSite
from enforcer.rules.factory_model import Factory
from enforcer.rules.model import Rule
from enforcer.runtime.imports.messages import explain, remedy
from enforcer.runtime.imports.proposals import loaded_has, why_not

HERE: dict[str, dict[str, bool | None]] = {"new": {"A": True, "Gone": False}}


def has(module: str, name: str) -> bool | None:
    """Know of two names of one module."""
    return HERE.get(module, {}).get(name)


def site(
    *names: str, path: str = "old", mechanism: str = IMPORT_STATEMENT, via: str = ""
) -> CallSite:
    return CallSite(
        path,
        file="app.py",
        line=1,
        function="<module>",
        module="app",
        mechanism=mechanism,
        names=names,
        via=via,
    )


def rule(option: str = "", stage: str = "alias") -> Rule:
    options = {"implementation": True} if option == "implementation" else {}
    fallback = "legacy" if option == "fallback" else ""
    return Rule("old", "new", stage=stage, fallback=fallback, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("stage", ["observe", "alias", "strict"])
@pytest.mark.parametrize("option", ["", "implementation", "fallback"])
def test_what_the_canonical_module_has_is_proposed(option: str, stage: str) -> None:
    assert remedy(rule(option, stage), site("A"), has=has) == "Write: from new import A"


@pytest.mark.parametrize("stage", ["observe", "alias", "strict"])
@pytest.mark.parametrize("option", ["", "implementation", "fallback"])
def test_what_it_lacks_is_not(option: str, stage: str) -> None:
    """Whatever the rule says, and in stage observe too."""
    said = remedy(rule(option, stage), site("A", "Gone"), has=has)

    assert said == 'Don\'t write that path yet: "new" has no "Gone" yet.'


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("", ""),
        ("implementation", '"new" may have no "B" yet: its rule says implementation = true'),
        ("fallback", '"new" may have no "B" yet: its rule says fallback = "legacy"'),
    ],
)
def test_of_what_nobody_knows_the_rule_decides(option: str, said: str) -> None:
    """An alias proves with every import that its module has what is asked for."""
    assert why_not(rule(option), site("B"), has) == said


def test_a_module_as_a_whole_may_have_more_than_moved() -> None:
    """``import old`` does not say for which of its names."""
    assert why_not(rule(), site(), has) == ""
    assert why_not(rule("fallback"), site(), has) == (
        '"new" may not have all of it yet: its rule says fallback = "legacy"'
    )


def test_a_name_and_a_factory_are_looked_up_where_they_are_now() -> None:
    for one in (Rule("m:f", "new:Gone"), Factory("m:f", "new:Gone.make")):
        assert why_not(one, site(path="m:f"), has) == '"new" has no "Gone" yet'


def test_the_sentence_does_not_say_that_it_has_moved() -> None:
    """A reader would look for it there."""
    said = explain(rule("fallback", "strict"), site("B"))

    assert said == (
        '"old" was imported by app.py:1; it is to move to "new". Don\'t write that path yet: '
        '"new" may have no "B" yet: its rule says fallback = "legacy". (legacy-import)'
    )


def test_for_a_string_the_string_is_written() -> None:
    """``monkeypatch`` did the import; its caller wrote a text."""
    by_framework = site(mechanism=IMPORT_MODULE, via="_pytest/monkeypatch.py:90")

    assert remedy(rule(), by_framework) == 'Write: "new"'
    assert remedy(rule(), site(mechanism=IMPORT_MODULE)) == 'Write: importlib.import_module("new")'


def test_in_a_tree_the_module_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "new", raising=False)
    tree = Rule("old.*", "new.*")

    assert explain(tree, site("A", path="old.sub")).endswith(
        'it moved to "new.sub". Write: from new.sub import A (legacy-import)'
    )


def test_a_program_knows_what_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is imported to know more."""
    module = ModuleType("new")
    monkeypatch.setitem(sys.modules, "new", module)
    vars(module)["A"] = 1

    assert (loaded_has("new", "A"), loaded_has("new", "B")) == (True, False)
    vars(module)["__getattr__"] = lambda name: name
    assert loaded_has("new", "B") is None
    assert loaded_has("no.such.module", "A") is None
