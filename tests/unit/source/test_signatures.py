"""Test what is said of functions that are called in another way on the canonical side."""

from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.rules.factory_model import Factory
from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.check import check_map
from enforcer.source.findings import RuleCheck

Write = Callable[[dict[str, str]], Path]
RENAMED = Rule("old", "new", names={"f": "g"})
ASKING = "from old import f"


def check(root: Path, *rules: Rule) -> RuleCheck:
    """Check a map, and return what its first rule will meet."""
    return check_map(MigrationMap(rules, root=str(root))).rules[0]


def messages(found: RuleCheck) -> list[str]:
    """Return the slug of each finding, and the first words of its message."""
    return [f"{one.slug}: {one.message.partition(':')[0]}" for one in found.findings]


@pytest.mark.parametrize(
    ("legacy", "canonical", "found"),
    [
        ("def f(context, user_id): ...", "def g(context, user_id): ...", []),
        ("def f(a): ...", "def g(a, b=1, *, c=2, **more): ...", []),
        ("def f(*args, **kwargs): ...", "def g(a, b): ...", []),
        ("def f(a, b=1): ...", "def g(a, *args, **kwargs): ...", []),
        ("class f:\n  def __init__(self, a): ...", "def g(a): ...", []),
        ("async def f(a): ...", "async def g(a): ...", []),
        (
            "def f(context, user_id): ...",
            "def g(context, mode): ...",
            ['argument-in-wrong-place: "user_id" would be passed as "mode"'],
        ),
        (
            "def f(a, b): ...",
            "def g(b, a): ...",
            [
                'argument-in-wrong-place: "a" would be passed as "b"',
                'argument-in-wrong-place: "b" would be passed as "a"',
            ],
        ),
        (
            "def f(a, b): ...",
            "def g(a): ...",
            ['argument-not-taken: "b" can\'t be passed by position any more'],
        ),
        (
            "def f(a, b): ...",
            "def g(a, *, b): ...",
            ['argument-not-taken: "b" can\'t be passed by position any more'],
        ),
        (
            "def f(a): ...",
            "def g(a, /): ...",
            ['argument-not-taken: "a" can\'t be passed by keyword any more'],
        ),
        ("def f(*, a): ...", "def g(): ...", ['argument-not-taken: "a" has no place any more']),
        ("def f(): ...", "def g(a): ...", ['argument-missing: nothing gives "a"']),
        (
            "def f(a=1): ...",
            "def g(a): ...",
            ['argument-missing: nothing gives "a" where callers leave it out'],
        ),
        (
            "class f:\n  def __init__(self, a): ...",
            "class g:\n  def __init__(self, a, owner): ...",
            ['argument-missing: nothing gives "owner"'],
        ),
        (
            "def f(a): ...",
            "async def g(a): ...",
            [
                'async-mismatch: "old.f" is sync and "new.g" is async',
            ],
        ),
        (
            "async def f(a): ...",
            "def g(a): ...",
            ['async-mismatch: "old.f" is async and "new.g" is sync'],
        ),
    ],
)
def test_a_renamed_function_is_compared(
    write: Write, legacy: str, canonical: str, found: list[str]
) -> None:
    """Its callers pass what they always did, by the positions and names that they write."""
    root = write({"old.py": legacy, "new.py": canonical, "app.py": ASKING})

    assert messages(check(root, RENAMED)) == found


def test_a_single_name_of_a_live_module_is_compared(write: Write) -> None:
    """An id must not be passed as a mode."""
    source = """\
        def create_cart(context, user_id): ...
        async def get_cart(context, mode): ...
        """
    root = write({"shop.py": source, "app.py": "import shop\nshop.create_cart(1, 2)"})
    found = check(root, Rule("shop:create_cart", "shop:get_cart"))

    assert [one.slug for one in found.findings] == ["argument-in-wrong-place", "async-mismatch"]
    assert [str(site) for site in found.changed[0].sites] == ["app.py:2"]


def test_a_name_that_both_sides_define_is_compared_where_it_is_asked_for(write: Write) -> None:
    """It need not be renamed to mean something else."""
    files = {"old.py": "def f(a): ...\ndef h(a): ...", "new.py": "def f(): ...\ndef h(): ..."}
    found = check(write({**files, "app.py": ASKING}), Rule("old", "new"))

    assert messages(found) == [
        'argument-not-taken: "a" can\'t be passed by position any more',
    ]


@pytest.mark.parametrize(
    ("legacy", "canonical"),
    [
        ("from new import f", "def f(a): ..."),
        ("from new import g\nf = g", "def f(a, b): ...\ndef g(a): ..."),
        ("@wrapped\ndef f(a): ...", "def f(): ..."),
        ("f = make()", "def f(a): ..."),
        ("def f(a): ...", "from elsewhere import f"),
    ],
)
def test_what_is_the_same_or_unknown_is_no_finding(
    write: Write, legacy: str, canonical: str
) -> None:
    """A decorator may make any signature of what it decorates."""
    if "f = g" in legacy:
        canonical = "def g(a): ...\nf = g"
    root = write({"old.py": legacy, "new.py": canonical, "app.py": ASKING})

    assert messages(check(root, Rule("old", "new"))) == []


def test_where_the_legacy_code_answers_nothing_changes(write: Write) -> None:
    """As an implementation, and by a factory, which hands arguments over by their names."""
    root = write({"old.py": "def f(a): ...", "new.py": "def g(b): ...", "app.py": ASKING})
    own = Rule("old", "new", names={"f": "g"}, implementation=True)
    migration_map = MigrationMap(
        [RENAMED, Factory("old:f", "new:g", arguments={"a": "b"})], root=str(root)
    )

    assert messages(check(root, own)) == []
    assert check_map(migration_map).findings == 0
