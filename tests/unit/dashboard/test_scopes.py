"""A token that is limited to some services shows nothing of the others, and no wrong verdict."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import time_ns

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from enforcer.dashboard.app import create_dashboard
from enforcer.dashboard.judgement import OUT_OF_SCOPE, narrowed, read_judgement
from enforcer.dashboard.links import rule_id
from enforcer.dashboard.scopes import read_scopes
from enforcer.dashboard.settings import Settings
from enforcer.errors import EnforcerError
from enforcer.recording.notice import Notice
from enforcer.recording.use import Use
from enforcer.rules.loader import load_map
from enforcer.rules.model import MigrationMap
from enforcer.store.queries import DAY
from enforcer.store.readers import open_reader
from enforcer.verdict.model import NOT_KNOWN, UNKNOWN

Keep = Callable[..., None]
MakeUse = Callable[..., Use]

WHOLE = "the token of those who may read all"
SHOP = "the token of the shop's team"
HIDDEN = "hushed"
"""In the name of everything that belongs to the other service."""

NOW = time_ns()

MAP = """
[enforcer]
expected_services = ["shop", "hushed-bank"]
jobs = [{ service = "hushed-bank", every = "31d" }]

[[rule]]
legacy = "shop.old_cart"
canonical = "shop.cart"

[[rule]]
legacy = "shop.old_mail"
canonical = "shop.mail"
"""

# With what opens more of a page: all versions, groups, problems, texts to copy.
QUERIES = (
    "",
    "?versions=all&problem=dropped",
    "?by=service",
    "?by=file&service=hushed-bank",
    "?range=7d&owner=(none)",
    "?q=ledger&format=csv",
)


@pytest.fixture
def shop_map(tmp_path: Path) -> MigrationMap:
    (tmp_path / "enforcer.toml").write_text(MAP)
    return load_map(str(tmp_path / "enforcer.toml"), environ={})


@pytest.fixture
def settings(path: str, keep: Keep, make_use: MakeUse, shop_map: MigrationMap) -> Settings:
    """Return the settings of a dashboard over the store of two teams."""
    cart, mail = shop_map
    shop = {
        "service": "shop",
        "started": NOW - 2 * DAY,
        "id": "a1",
        "map_path": "/srv/shop/enforcer.toml",
    }
    keep(make_use(rule=cart, first_seen=NOW, last_seen=NOW), rules=[mail], **shop)
    bank = {
        "service": "hushed-bank",
        "service_version": "hushed-9.9",
        "environment": "production",
        "host": "hushed-host",
        "command": "hushed-command",
        "map_path": "/srv/hushed/enforcer.toml",
        "started": NOW - 2 * DAY,
        "id": "b2",
    }
    site = {"file": "hushed/ledger.py", "function": "hushed_sum", "module": "hushed.ledger"}
    keep(
        make_use(rule=mail, first_seen=NOW, last_seen=NOW, count=4711, **site),
        make_use(rule=cart, first_seen=NOW, last_seen=NOW, count=4711, **site),
        make_use("hushed.path", "bank.path", first_seen=NOW, last_seen=NOW, **site),
        notices=[Notice("blind", "hushed-subject", "hushed-text")],
        dropped=815,
        ending="",
        **bank,
    )
    return Settings(path, shop_map, token=WHOLE, scopes={SHOP: frozenset({"shop"})})


def client(settings: Settings) -> TestClient:
    return TestClient(
        create_dashboard(settings).app, base_url="http://127.0.0.1:8765", follow_redirects=False
    )


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def addresses(settings: Settings) -> list[str]:
    """Return every address of the dashboard, but for the stream and the files of all."""
    app = create_dashboard(settings).app._app  # type: ignore[attr-defined]  # noqa: SLF001 - the routes
    assert isinstance(app, Starlette)
    paths = [route.path for route in app.routes if isinstance(route, Route)]
    assert len(paths) > 20
    legacies = ("shop.old_cart", "shop.old_mail", "hushed.path")
    return [
        path.replace("{legacy:path}", rule_id(legacy))
        for path in paths
        if path not in {"/live", "/static/{name}"}
        for legacy in legacies
    ]


def test_no_address_shows_another_service(settings: Settings) -> None:
    visitor = client(settings)
    shown = 0
    for address in addresses(settings):
        for query in QUERIES:
            answer = visitor.get(address + query, headers=bearer(SHOP))
            assert answer.status_code in {200, 404, 400}, (address, query)
            said = f"{answer.text} {answer.headers}"
            for asked in ("service=hushed-bank", "hushed.path", rule_id("hushed.path")):
                said = said.replace(asked, "")  # an address that was asked for may be repeated
            if "hushed-bank" in query:
                said = said.replace("hushed-bank", "")
            assert HIDDEN not in said, (
                address,
                query,
                said[max(said.find(HIDDEN) - 300, 0) :][:600],
            )
            assert "4711" not in said.replace(",", ""), (address, query)
            shown += answer.status_code == 200
    assert shown > 50


def test_the_whole_token_shows_all(settings: Settings) -> None:
    visitor = client(settings)
    for address in ("/services", "/callers", "/api/processes", "/api/call-sites"):
        assert HIDDEN in visitor.get(address, headers=bearer(WHOLE)).text
    # The caches of a scope are its own: whoever comes first changes nothing for the next.
    assert HIDDEN not in visitor.get("/callers", headers=bearer(SHOP)).text
    assert HIDDEN in visitor.get("/callers", headers=bearer(WHOLE)).text


def test_a_verdict_is_one_on_all_services(settings: Settings) -> None:
    """What only others use can't go; who they are is not said."""
    visitor = client(settings)
    verdicts = visitor.get("/api/verdicts", headers=bearer(SHOP)).json()["verdicts"]
    answers = {one["legacy"]: one for one in verdicts}
    whole = visitor.get("/api/verdicts", headers=bearer(WHOLE)).json()["verdicts"]
    everything = {one["legacy"]: one for one in whole}

    assert set(answers) == {"shop.old_cart", "shop.old_mail"}
    assert [one["verdict"] for one in answers.values()] == [
        everything[legacy]["verdict"] for legacy in answers
    ]
    assert OUT_OF_SCOPE in str(answers["shop.old_mail"])
    assert answers["shop.old_mail"]["can_go"] is False


def test_a_cookie_has_the_scope_of_its_token(settings: Settings) -> None:
    visitor = client(settings)
    assert visitor.get("/callers?token=" + SHOP.replace(" ", "+")).status_code == 303
    assert HIDDEN not in visitor.get("/callers").text
    assert "shop/views.py" in visitor.get("/callers").text
    # The token that was brought last decides.
    assert visitor.post("/token", data={"token": WHOLE}).status_code == 303
    assert HIDDEN in visitor.get("/callers").text
    assert visitor.get("/callers?token=" + SHOP.replace(" ", "+")).status_code == 303
    assert HIDDEN not in visitor.get("/callers").text


def test_each_page_says_whose_records_it_shows(settings: Settings) -> None:
    visitor = client(settings)
    line = "You see what shop recorded."
    for address in ("/", "/rules", "/callers", "/services", "/none"):
        assert line in visitor.get(address, headers=bearer(SHOP)).text, address
        assert line not in visitor.get(address, headers=bearer(WHOLE)).text, address


def test_a_call_site_is_new_if_no_service_that_may_be_read_used_it_before(
    settings: Settings, keep: Keep, make_use: MakeUse
) -> None:
    """Whether others did is theirs to know."""
    (mail,) = (rule for rule in settings.migration_map or () if rule.legacy == "shop.old_mail")
    site = {"file": "shared/letters.py", "function": "send", "module": "shared.letters"}
    old = {"first_seen": NOW - 30 * DAY, "last_seen": NOW - 30 * DAY, **site}
    new = {"first_seen": NOW, "last_seen": NOW, **site}
    keep(make_use(rule=mail, **old), id="c3", service="hushed-bank", started=NOW - 31 * DAY)
    keep(make_use(rule=mail, **new), id="d4", service="shop", started=NOW - DAY)
    visitor = client(settings)
    address = "/api/new-call-sites?range=90d"

    def newest(token: str) -> str:
        return visitor.get(address, headers=bearer(token)).text

    assert "shared/letters.py" in newest(SHOP)
    assert "shared/letters.py" not in newest(WHOLE)


def test_a_path_that_is_refused_elsewhere(
    settings: Settings, keep: Keep, make_use: MakeUse
) -> None:
    """How often is not told, and neither is it none."""
    (cart, _) = settings.migration_map or ()
    refused = make_use(rule=cart, outcome="blocked", first_seen=NOW, last_seen=NOW)
    keep(refused, id="e5", service="hushed-bank", environment="production", started=NOW - DAY)
    text = client(settings).get("/", headers=bearer(SHOP)).text

    assert "in services that you may not read" in text
    assert "0 imports refused" not in text


def test_what_others_decide_has_a_day_and_no_time(settings: Settings) -> None:
    visitor = client(settings)

    def last_use(token: str) -> str:
        found = visitor.get("/api/verdicts", headers=bearer(token)).json()["verdicts"]
        return str({one["legacy"]: one["last_use"] for one in found}["shop.old_mail"])

    assert last_use(SHOP) == f"{last_use(WHOLE)[:10]}T00:00:00Z"


def test_a_rule_that_others_have_not_been_judged_by_yet(settings: Settings) -> None:
    """A judgement is some minutes old at most; meanwhile nobody says yes for the others."""
    with open_reader(settings.store) as reader:
        own = read_judgement(reader, settings.migration_map, NOW)
    verdicts = narrowed(replace(own, verdicts={}), own).verdicts

    assert {one.answer for one in verdicts.values()} == {UNKNOWN}
    assert {one.state for verdict in verdicts.values() for one in verdict.conditions} == {NOT_KNOWN}


def proxied(settings: Settings, *headers: tuple[str, str]) -> tuple[int, str]:
    """Ask as a proxy at the address that the test client has."""
    signed = Settings(
        settings.store,
        settings.migration_map,
        proxies=frozenset({"127.0.0.1"}),
        user_header="X-User",
        services_header="X-Services",
    )
    app = create_dashboard(signed).app
    visitor = TestClient(app, base_url="http://127.0.0.1:8765", client=("127.0.0.1", 50_000))
    answer = visitor.get("/callers", headers=[("X-User", "ada"), *headers])
    return answer.status_code, answer.text


def test_a_proxy_names_the_services(settings: Settings) -> None:
    status, text = proxied(settings, ("X-Services", "shop, other"))
    assert (status, HIDDEN in text, "shop/views.py" in text) == (200, False, True)
    assert HIDDEN in proxied(settings, ("X-Services", "hushed-bank"))[1]


@pytest.mark.parametrize("named", ["", " ", ",", " , "])
def test_a_proxy_that_names_none_opens_nothing(settings: Settings, named: str) -> None:
    status, text = proxied(settings, ("X-Services", named))
    assert (status, "names no service" in text) == (403, True)
    assert proxied(settings)[0] == 403


def test_two_headers_count_as_none(settings: Settings) -> None:
    """One of them is the visitor's own, which the proxy added to instead of replacing it."""
    named = ("X-Services", "hushed-bank"), ("x-services", "shop")
    assert proxied(settings, *named)[0] == 403
    assert proxied(settings, *reversed(named))[0] == 403


# The file of tokens.

TOKEN = "eQ0bN1yTnL5mY8rVgW2xKsd7"  # noqa: S105 - of this test


def tokens_file(tmp_path: Path, text: str, mode: int = 0o600) -> str:
    file = tmp_path / "tokens"
    file.write_text(text)
    file.chmod(mode)
    return str(file)


def test_file_of_tokens(tmp_path: Path) -> None:
    text = f"# of the teams\n\n{TOKEN} shop, shop-worker\n{TOKEN[::-1]}\tmail room\n"
    assert read_scopes(tokens_file(tmp_path, text)) == {
        TOKEN: {"shop", "shop-worker"},
        TOKEN[::-1]: {"mail room"},
    }


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        (f"{TOKEN}\n", ":1", "the token names no service"),
        (f"{TOKEN} ,\n", ":1", "the token names no service"),
        ("\nshort shop\n", ":2", "a token of 5 characters can be guessed"),
        (f"{TOKEN} a\n{TOKEN} b\n", ":2", "this token stands above too"),
    ],
)
def test_mistakes_name_their_line(tmp_path: Path, text: str, place: str, problem: str) -> None:
    file = tokens_file(tmp_path, text)
    with pytest.raises(EnforcerError) as caught:
        read_scopes(file)
    assert str(caught.value).startswith(f"{file}{place}: {problem}")
    assert TOKEN not in str(caught.value)


def test_a_file_that_others_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnforcerError, match="chmod 600"):
        read_scopes(tokens_file(tmp_path, f"{TOKEN} shop\n", 0o644))
    with pytest.raises(EnforcerError, match="can't be read: No such file"):
        read_scopes(str(tmp_path / "none"))
