"""Services whose processes watched by different maps in the same time are named."""

from dataclasses import replace

from enforcer.report.maps import map_differences
from enforcer.store.queries import WatchedMap

MAP = WatchedMap("one", "/shop/enforcer.toml", "shop", "1", "", 2, 100, 200, (), "one")


def texts(*maps: WatchedMap) -> list[str]:
    return [
        f"{notice.text.partition('.')[0]}: {notice.processes}" for notice in map_differences(maps)
    ]


def test_two_maps_in_the_same_time() -> None:
    other = replace(MAP, family="two", version="2", processes=3, since=150, till=250)
    assert texts(MAP, other) == ['the service "shop" had 2 migration maps in the same time: 5']


def test_one_map_after_the_other_is_no_difference() -> None:
    assert texts(MAP, replace(MAP, family="two", since=200, till=250)) == []


def test_one_map_in_two_versions_is_no_difference() -> None:
    assert texts(MAP, replace(MAP, version="2")) == []


def test_services_and_environments_are_apart() -> None:
    other = replace(MAP, family="two")
    assert texts(MAP, replace(other, service="billing"), replace(other, environment="dev")) == []
    in_dev = replace(MAP, environment="dev", service="")
    assert texts(in_dev, replace(in_dev, family="two")) == [
        'the service without a name in "dev" had 2 migration maps in the same time: 4'
    ]


def test_shares_of_one_map_are_no_difference() -> None:
    assert texts(MAP, replace(MAP, digest="one on:0")) == []
