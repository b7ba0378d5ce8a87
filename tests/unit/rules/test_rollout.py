"""Decide which stage a rule has in a part of the fleet."""

from collections.abc import Callable

import pytest

from enforcer.rules.loader import load_map
from enforcer.rules.mistakes import MapError
from enforcer.rules.model import MigrationMap
from enforcer.rules.rollout import Place, Rollout, decide, number_of

ReadMap = Callable[..., MigrationMap]

RULES = """
[[rule]]
legacy = "shop.old_cart"
canonical = "shop.cart"
stage = "observe"
[[rule]]
legacy = "shop.legacy.*"
canonical = "shop.modern.*"
[[rule]]
legacy = "prices:vat"
canonical = "prices:value_added_tax"
"""
HOSTS = [f"host-{number}" for number in range(10_000)]


def stages(text: str, read_map: ReadMap, place: Place | None) -> dict[str, str]:
    migration_map = read_map(RULES + text)
    if place is not None:
        migration_map.settle(place)
    return {rule.legacy: rule.stage for rule in migration_map.rules}


def place(*, share: float, service: str = "", environment: str = "") -> Place:
    """Return a place whose host is in each share above a number, and in none below it."""
    host = next(host for host in HOSTS if share - 1 <= number_of(host) < share)
    return Place(host, service, environment)


def test_the_number_of_a_host_never_changes() -> None:
    """Each version of Python draws alike: a fleet may have several."""
    hosts = ("web-1", "web-2", "", "ünï")

    assert [round(number_of(host), 6) for host in hosts] == [
        49.969689,
        49.409286,
        95.052658,
        97.092715,
    ]


def test_shares_are_as_large_as_they_say() -> None:
    numbers = [number_of(host) for host in HOSTS]

    for percent in (0.5, 1, 10, 50, 99):
        share = sum(number < percent for number in numbers)
        # Five standard deviations of a fair draw.
        spread = 5 * (len(HOSTS) * percent / 100 * (1 - percent / 100)) ** 0.5
        assert abs(share - len(HOSTS) * percent / 100) <= spread
    assert min(numbers) >= 0
    assert max(numbers) < 100


def test_a_share_that_grows_keeps_its_hosts() -> None:
    small, large = Rollout(percent=10, stage="alias"), Rollout(percent=25, stage="warn")

    places = [Place(host) for host in HOSTS[:500]]

    in_small = {one.host for one in places if small.holds_at(one)}
    assert in_small
    assert in_small < {one.host for one in places if large.holds_at(one)}


def test_percent_of_none_and_of_all() -> None:
    places = [Place(host) for host in HOSTS]

    assert not any(Rollout(percent=0).holds_at(one) for one in places)
    assert all(Rollout(percent=100).holds_at(one) for one in places)


def test_a_table_speaks_of_a_path_and_what_lies_below(read_map: ReadMap) -> None:
    text = '[[stage]]\npath = "shop"\npercent = 10\nstage = "warn"\n'

    assert stages(text, read_map, place(share=10)) == {
        "shop.old_cart": "warn",
        "shop.legacy.*": "warn",
        "prices:vat": "alias",
    }
    assert stages(text, read_map, place(share=11)) == {
        "shop.old_cart": "observe",
        "shop.legacy.*": "alias",
        "prices:vat": "alias",
    }


@pytest.mark.parametrize("path", ["shop.legacy.*", "shop.legacy", "prices:vat", "prices"])
def test_a_table_names_a_rule(read_map: ReadMap, path: str) -> None:
    text = f'[[stage]]\npath = "{path}"\nstage = "strict"\n'

    found = stages(text, read_map, place(share=99))

    assert [rule for rule, stage in found.items() if stage == "strict"] == [
        next(rule for rule in found if rule.startswith(path.removesuffix(".*")))
    ]


def test_service_and_environment_have_to_be_the_same(read_map: ReadMap) -> None:
    text = '[[stage]]\nservice = "cart"\nenvironment = "production"\nstage = "warn"\n'
    expected = {"": "observe", "cart": "observe", "cart production": "warn"}
    expected |= {"pay production": "observe", "cart staging": "observe"}

    for words, stage in expected.items():
        service, _, environment = words.partition(" ")
        here = Place("host", service, environment)
        assert stages(text, read_map, here)["shop.old_cart"] == stage


def test_the_last_table_that_holds_decides(read_map: ReadMap) -> None:
    text = """
[[stage]]
percent = 50
stage = "alias"
[[stage]]
path = "shop.old_cart"
percent = 10
stage = "strict"
refuse = false
"""
    found = [stages(text, read_map, place(share=share))["shop.old_cart"] for share in (10, 50, 51)]

    assert found == ["strict", "alias", "observe"]


def test_each_key_is_decided_by_the_last_table_that_has_it() -> None:
    rollouts = [Rollout(stage="strict"), Rollout(refuse=False), Rollout(stage="warn", percent=0)]

    assert decide(rollouts, "a", "alias", refuse=True, place=Place("b")) == ("strict", False)


@pytest.mark.parametrize(
    ("rollouts", "expected"),
    [
        ([Rollout(stage="strict", percent=10)], ("strict", True)),
        ([Rollout(stage="observe", percent=10)], ("alias", True)),
        ([Rollout(stage="observe")], ("observe", True)),
        ([Rollout(stage="strict"), Rollout(stage="warn", service="s")], ("strict", True)),
        ([Rollout(stage="strict"), Rollout(refuse=False, environment="p")], ("strict", True)),
        ([Rollout(stage="strict", percent=1), Rollout(refuse=False)], ("strict", False)),
        ([Rollout(stage="removed", refuse=False), Rollout(stage="warn")], ("warn", False)),
    ],
)
def test_without_a_place_it_is_the_hardest_stage_of_the_fleet(
    rollouts: list[Rollout], expected: tuple[str, bool]
) -> None:
    assert decide(rollouts, "a", "alias", refuse=True, place=None) == expected


def test_what_is_removed_can_not_be_recorded_only(read_map: ReadMap) -> None:
    migration_map = read_map(RULES + '[[stage]]\nstage = "removed"\nrefuse = false\n')

    assert {(rule.stage, rule.refuse) for rule in migration_map.rules} == {("strict", False)}


def test_the_override_comes_after_the_tables(read_map: ReadMap) -> None:
    text = RULES + '[[stage]]\nstage = "removed"\n'

    migration_map = read_map(text, ENFORCER_STAGE="at-most:warn")

    assert {rule.stage for rule in migration_map.rules} == {"warn"}


def test_processes_that_decide_alike_share_an_identity(read_map: ReadMap) -> None:
    migration_map = read_map(RULES + '[[stage]]\npercent = 10\nstage = "warn"\n')
    identities = []
    for here in (place(share=10), Place("x", "service"), place(share=80), place(share=90)):
        migration_map.settle(here)
        identities.append(migration_map.identity)

    first, _, third, fourth = identities
    assert first != third
    assert third == fourth


def test_a_map_without_tables_has_the_identity_that_it_had(read_map: ReadMap) -> None:
    """An earlier version in the same store finds its map by it."""
    migration_map = read_map(RULES)

    assert migration_map.identity == migration_map.digest


def test_the_cache_holds_for_each_host(read_map: ReadMap) -> None:
    text = RULES + '[[stage]]\npath = "shop.old_cart"\npercent = 10\nstage = "warn"\n'
    path = read_map(text).path

    for share, stage in ((10, "warn"), (11, "observe")):
        migration_map = load_map(path, cached=True)
        migration_map.settle(place(share=share))
        assert migration_map.rules[0].stage == stage


def test_a_look_at_the_map_decides_nothing(read_map: ReadMap) -> None:
    """Commands look at stages before a process settles; so does a test run."""
    migration_map = read_map(RULES + '[[stage]]\npercent = 10\nstage = "removed"\n')

    assert {rule.stage for rule in migration_map.rules} == {"removed"}
    migration_map.settle(place(share=99))
    assert {rule.stage for rule in migration_map.rules} == {"observe", "alias"}
    migration_map.settle(place(share=10))
    assert {rule.stage for rule in migration_map.rules} == {"removed"}
    migration_map.settle(None)
    assert {rule.stage for rule in migration_map.rules} == {"removed"}
    assert migration_map.is_settled


TABLE = 'path = "shop.old_cart"\npercent = 10\nstage = "warn"'


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            TABLE.replace("old_cart", "old_card"),
            'no rule has the path "shop.old_card". Write "shop.old_cart". (unknown-path)',
        ),
        (
            TABLE.replace("10", "101"),
            '"percent" is 101. Write a number from 0 to 100: percent = 10. (bad-percent)',
        ),
        (TABLE.replace("10", "-1"), '"percent" is -1.'),
        (TABLE.replace("10", "nan"), '"percent" is nan.'),
        (TABLE.replace("10", "true"), '"percent" is a boolean.'),
        (TABLE.replace("10", '"10"'), '"percent" is a string.'),
        (
            TABLE.replace('"warn"', '"warm"'),
            '"warm" is not a stage. Write one of observe, alias, warn, strict, removed.',
        ),
        (
            f"{TABLE}\nservices = 'a'",
            '"services" is not a key of [[stage]]. Write "service". (unknown-key)',
        ),
        (
            "percent = 10",
            'the table has no "stage". Write stage = "alias", or refuse = false. (missing-key)',
        ),
        (
            'refuse = "no"',
            '"refuse" is a string. Write refuse = true or refuse = false. (wrong-type)',
        ),
        ("path = 3\nstage = 'warn'", '"path" is an integer.'),
        (
            f"{TABLE}\nservice = ''",
            '"service" is empty. Write a name, or remove service for all of them. (empty-name)',
        ),
        (f"{TABLE}\nenvironment = ' '", '"environment" is empty.'),
        (
            f"{TABLE}\n[[stage]]\npath = 'shop'\nstage = 'strict'",
            "it holds wherever the table at line 12 does, which has no effect then",
        ),
    ],
)
def test_what_is_wrong_with_a_table(read_map: ReadMap, written: str, said: str) -> None:
    with pytest.raises(MapError) as raised:
        read_map(f"{RULES}[[stage]]\n{written}\n")

    (mistake,) = raised.value.mistakes
    assert said in str(mistake)
    assert mistake.line >= 12
    assert mistake.key.startswith("stage")


@pytest.mark.parametrize(
    "later",
    [
        'path = "shop"\nstage = "strict"\npercent = 9',
        'path = "shop"\nstage = "strict"\nservice = "cart"',
        'path = "shop"\nrefuse = false',
        'path = "prices"\nstage = "strict"',
    ],
)
def test_tables_for_less_of_the_fleet_may_come_later(read_map: ReadMap, later: str) -> None:
    migration_map = read_map(f"{RULES}[[stage]]\n{TABLE}\n[[stage]]\n{later}\n")

    assert len(migration_map.rollouts) == 2


def test_tables_in_a_project_file(read_map: ReadMap) -> None:
    text = "[tool.enforcer]\n" + (RULES + f"[[stage]]\n{TABLE}\n").replace("[[", "[[tool.enforcer.")

    (rollout,) = read_map(text, name="pyproject.toml").rollouts

    assert (rollout.path, rollout.percent, rollout.stage) == ("shop.old_cart", 10, "warn")


@pytest.mark.parametrize(("text", "refuses"), [("", True), ("true", True), ("false", False)])
def test_a_variable_decides_whether_strict_rules_refuse(
    read_map: ReadMap, text: str, *, refuses: bool
) -> None:
    migration_map = read_map(RULES, ENFORCER_STAGE="strict", ENFORCER_REFUSE=text)

    assert {rule.refuses for rule in migration_map.rules} == {refuses}


def test_the_variable_has_to_be_a_boolean(read_map: ReadMap) -> None:
    with pytest.raises(MapError, match='"no" is not a boolean'):
        read_map(RULES, ENFORCER_REFUSE="no")


def test_refusing_is_said_for_all_rules_or_for_one(read_map: ReadMap) -> None:
    text = '[enforcer]\nrefuse = false\ndefault_stage = "strict"\n' + RULES
    text += 'refuse = true\n[[factory]]\nlegacy = "a:b"\ncanonical = "c:d"\n'

    migration_map = read_map(text)

    refusing = {rule.legacy: rule.refuses for rule in migration_map}
    assert refusing == {
        "shop.old_cart": False,
        "shop.legacy.*": False,
        "prices:vat": True,
        "a:b": False,
    }
