"""Strangers get nothing, and every answer carries the headers that keep a browser safe."""

from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from enforcer.dashboard.app import create_dashboard
from enforcer.dashboard.security import HEADERS
from enforcer.dashboard.settings import Settings

TOKEN = "correct horse"  # noqa: S105 - of this test


def client(settings: Settings, host: str = "127.0.0.1:8765", **options: bool) -> TestClient:
    app = create_dashboard(settings).app
    return TestClient(app, base_url=f"http://{host}", follow_redirects=False, **options)


@pytest.fixture
def guarded(path: str) -> TestClient:
    return client(Settings(path, token=TOKEN))


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost", "localhost:1", "[::1]:8765", "10.1.2.3", "x.localhost"]
)
def test_addresses_and_this_machine_are_answered(path: str, host: str) -> None:
    answer = client(Settings(path)).get("/", headers={"Host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "[",
        "a:b:c",
        "evil.example/.localhost",
        "evil.example#.localhost",
        "evil.example?.localhost",
        "evil@localhost",
        "localhost@evil.example",
        "localhost:80:80",
        "localhost\\.localhost",
    ],
)
def test_other_names_are_refused(path: str, host: str) -> None:
    """A name that leads here, and that nobody gave to the dashboard, may be another site's."""
    answer = client(Settings(path)).get("/api/overview", headers={"Host": host})
    assert (answer.status_code, answer.json()["slug"]) == (421, "dashboard-host")
    page = client(Settings(path)).get("/", headers={"Host": host})
    assert page.status_code == 421
    assert "--allow-host" in page.text


def test_names_can_be_allowed(path: str) -> None:
    settings = Settings(path, hosts=frozenset(["Build.example"]))
    assert client(settings).get("/", headers={"Host": "build.EXAMPLE:80"}).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/nothing",
        "/api/rules",
        "/api/nothing",
        "/static/dashboard.css",
        "/static/nothing",
        "/api/",
    ],
)
def test_every_answer_has_the_headers(path: str, address: str) -> None:
    answer = client(Settings(path)).get(address)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_failure_has_the_headers(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also an error of the dashboard's own is a page, without a traceback."""

    def fail(_address: str) -> None:
        message = "secret detail"
        raise RuntimeError(message)

    monkeypatch.setattr("enforcer.dashboard.places.open_reader", fail)
    answer = client(Settings(path), raise_server_exceptions=False).get("/")
    assert answer.status_code == 500
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert "Something is broken" in answer.text
    assert "secret detail" not in answer.text


def test_pages_are_not_kept_by_browsers(path: str) -> None:
    answer = client(Settings(path)).get("/")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("address", ["/", "/api/rules", "/token"])
def test_nothing_can_be_changed(path: str, method: str, address: str) -> None:
    answer = client(Settings(path)).request(method, address)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "address",
    [
        "/static/",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2f..%2fapp.py",
        "/static/%2fetc%2fpasswd",
        "/templates/frame.html",
        "/.git/config",
    ],
)
def test_there_is_nothing_but_the_assets(path: str, address: str) -> None:
    """Assets are a fixed list: no folder is served, none can be listed."""
    answer = client(Settings(path)).get(address)
    assert answer.status_code == 404
    assert "create_dashboard" not in answer.text


@pytest.mark.parametrize("address", ["/", "/rules", "/api/rules", "/live", "/api/openapi.json"])
def test_without_the_token_there_is_nothing(guarded: TestClient, address: str) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Cookie": "enforcer-00000000=0"},
    ):
        answer = guarded.get(address, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert TOKEN not in answer.text


def test_token_in_the_address_becomes_a_cookie(guarded: TestClient) -> None:
    """The first visit brings the token, and the address loses it at once."""
    answer = guarded.get("/rules", params={"token": TOKEN, "stage": "warn"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/rules?stage=warn"
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert TOKEN not in cookie.value
    assert cookie["httponly"]
    assert cookie["samesite"] == "lax"
    assert guarded.get("/rules").status_code == 200


@pytest.mark.parametrize(
    "odd", ["a b", 'x="y', "flags[0]=1", "x=\xe9", "=", ";;", "a=1,b=2", "Expires=never; a@b=c"]
)
def test_odd_cookies_of_others_change_nothing(guarded: TestClient, odd: str) -> None:
    """Other programs on this host have cookies of their own."""
    given = guarded.get("/", params={"token": TOKEN})
    (cookie,) = SimpleCookie(given.headers["Set-Cookie"]).values()
    guarded.cookies.clear()
    own = f"{cookie.key}={cookie.value}"
    for line in (f"{odd}; {own}", f"{own}; {odd}", f"{odd}; {own}; {odd}"):
        answer = guarded.get("/", headers={"Cookie": line.encode("latin-1")})
        assert answer.status_code == 200, line
    assert guarded.get("/", headers={"Cookie": odd.encode("latin-1")}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "is_secure"),
    [
        ({}, False),
        ({"X-Forwarded-Proto": "http"}, False),
        ({"X-Forwarded-Proto": "https"}, True),
        ({"X-Forwarded-Proto": "HTTPS, http"}, True),
    ],
)
def test_cookie_is_secure_behind_a_proxy_with_tls(
    guarded: TestClient, headers: dict[str, str], *, is_secure: bool
) -> None:
    answer = guarded.get("/", params={"token": TOKEN}, headers=headers)
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert bool(cookie["secure"]) is is_secure


@pytest.mark.parametrize(
    ("mode", "dest", "status"),
    [
        ("navigate", "document", 200),
        ("navigate", "iframe", 403),
        ("no-cors", "image", 403),
        ("cors", "empty", 403),
    ],
)
def test_pages_of_other_sites_may_only_link(path: str, mode: str, dest: str, status: int) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    assert client(Settings(path)).get("/", headers=headers).status_code == status
    own = {**headers, "Sec-Fetch-Site": "same-origin"}
    assert client(Settings(path)).get("/", headers=own).status_code == 200


def test_token_can_be_written_into_a_form(guarded: TestClient) -> None:
    assert guarded.post("/token", data={"token": "wrong"}).status_code == 401
    answer = guarded.post("/token", data={"token": TOKEN})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert guarded.get("/").status_code == 200


def test_token_can_be_a_header(guarded: TestClient) -> None:
    answer = guarded.get("/api/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200


def test_cookie_of_another_token_is_worth_nothing(path: str, guarded: TestClient) -> None:
    other = Settings(path, token="another")  # noqa: S106 - of this test
    given = client(other).get("/", params={"token": "another"})
    (cookie,) = SimpleCookie(given.headers["Set-Cookie"]).values()
    answer = guarded.get("/", headers={"Cookie": f"{cookie.key}={cookie.value}"})
    assert answer.status_code == 401


def test_welcome_leads_nowhere_else(guarded: TestClient) -> None:
    """An address that looks like another host's stays a path of this one."""
    answer = guarded.get("http://127.0.0.1:8765//evil.example/", params={"token": TOKEN})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/evil.example")


@pytest.mark.parametrize("is_stripped", [False, True])
def test_behind_a_prefix(demo_settings: Settings, *, is_stripped: bool) -> None:
    """A proxy may publish the dashboard below a path, and take that away or not."""
    settings = Settings(demo_settings.store, demo_settings.migration_map, prefix="/tools/enforcer")
    visitor = client(settings)
    before = "" if is_stripped else "/tools/enforcer"
    for page in ("/", "/rules", "/callers", "/services", "/rules/shop.cart_utils", "/api/"):
        answer = visitor.get(f"{before}{page}")
        assert answer.status_code == 200, page
        links = [part.split('"')[0] for part in answer.text.split('href="')[1:]]
        own = [link for link in links if not link.startswith(("https://", "#"))]
        assert all(link.startswith("/tools/enforcer/") for link in own), page
        assert 'src="/tools/enforcer/static/' in answer.text
    assert visitor.get(f"{before}/static/dashboard.js").status_code == 200
    servers = visitor.get(f"{before}/api/openapi.json").json()["servers"]
    assert servers == [{"url": "/tools/enforcer/api"}]


def test_prefix_is_a_whole_part_of_the_path(path: str) -> None:
    visitor = client(Settings(path, prefix="/tool"))
    assert visitor.get("/toolbox").status_code == 404


def test_store_is_not_changed(demo_settings: Settings) -> None:
    """Looking at every page leaves the store as it was."""
    before = Path(demo_settings.store).read_bytes()
    visitor = client(demo_settings)
    for page in ("/", "/rules", "/callers", "/services", "/rules/shop.cart_utils", "/api/rules"):
        visitor.get(page)
    assert Path(demo_settings.store).read_bytes() == before


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("10.0.0.2", {"X-Forwarded-User": "ada"}, 200),
        ("10.0.0.2", {"X-Forwarded-User": " "}, 401),
        ("10.0.0.2", {}, 401),
        ("10.0.0.3", {"X-Forwarded-User": "ada"}, 401),
        ("10.0.0.3", {"X-Forwarded-User": "ada", "X-Forwarded-For": "10.0.0.2"}, 401),
        ("10.0.0.3", {"Cookie": "enforcer-=", "Authorization": "Bearer "}, 401),
        ("testclient", {"X-Forwarded-User": "ada"}, 401),
    ],
)
def test_only_the_named_proxy_signs_in(
    path: str, client: str, headers: dict[str, str], status: int
) -> None:
    """A header is worth something from the proxy's own address, and from nowhere else."""
    settings = Settings(path, proxies=frozenset({"10.0.0.2"}), user_header="X-Forwarded-User")
    app = TestClient(
        create_dashboard(settings).app, base_url="http://127.0.0.1", client=(client, 4711)
    )
    assert app.get("/", headers=headers).status_code == status
    assert app.get("/?token=", headers={}).status_code == 401
