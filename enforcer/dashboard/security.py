"""ASGI middleware for access: hosts, cross-site requests, tokens, headers, and a proxy's prefix.

A page of another site can make a browser send requests here (DNS rebinding: its own name suddenly
resolves to 127.0.0.1), so the ``Host`` header has to be an address, a name of this machine, or one
that was allowed: addresses can't be rebound. With a token, every visitor brings it once in the URL,
and gets a cookie that is derived from it. A proxy that signs visitors in may name them in a header
instead, which is believed only if the connection comes from the proxy's own address. Either may be
limited to some services. Nothing can be changed here; the only POST is the form that accepts a
token.
"""

import asyncio
import hmac
import re
import socket
from collections.abc import Mapping
from hashlib import sha256
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from enforcer.dashboard.places import SCOPE
from enforcer.dashboard.settings import Settings
from enforcer.dashboard.templating import Rendering

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_LONGEST_FORM: Final = 4096
_FORM_SECONDS: Final = 20.0
# RFC 3986 allows more in a host; anything else could only mislead a careless parser.
_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::\d{1,5})?", re.ASCII)
_A_YEAR: Final = 31_536_000


class Guard:
    """ASGI middleware that checks each request, and sets the headers of every response."""

    def __init__(self, app: ASGIApp, settings: Settings, rendering: Rendering) -> None:
        """Wrap an application."""
        self._app = app
        self._prefix = settings.prefix
        whole = {settings.token: frozenset[str]()} if settings.token else {}
        self._tokens = [
            _Token(text, services) for text, services in (whole | dict(settings.scopes)).items()
        ]
        self._proxies = frozenset(map(ip_address, settings.proxies))
        self._user_header = settings.user_header
        self._services_header = settings.services_header
        self._hosts = {"localhost", _name_of_this_machine(), *map(str.lower, settings.hosts)}
        self._rendering = rendering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refused request, or pass the request on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        _set_prefix(scope, self._prefix)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        request = Request(scope, receive)
        refusal = await self._refuse(request)
        await (refusal or self._app)(scope, receive, send_guarded)

    async def _refuse(self, request: Request) -> Response | None:
        """Return the response for a refused request; None if it is allowed."""
        if not self._is_known_host(request.headers):
            return self._sorry(request, 421, "host")
        if _is_from_elsewhere(request.headers):
            return self._sorry(request, 403, "site")
        if request.method == "POST" and self._own_path(request) == "/token" and self._tokens:
            return await self._take_form(request)
        if request.method not in ("GET", "HEAD"):
            return self._sorry(request, 405, "method", headers={"Allow": "GET, HEAD"})
        # The page that asks for a token needs its stylesheet.
        is_guarded = self._tokens or self._user_header
        if is_guarded and not self._own_path(request).startswith("/static/"):
            return self._admit(request)
        request.scope[SCOPE] = frozenset()
        return None

    def _admit(self, request: Request) -> Response | None:
        """Find out what the visitor may read; return the refusal if that is nothing."""
        if self._is_signed_in(request):
            return self._admit_by_proxy(request)
        # The redirect removes the token from the address bar, the history and later Referer
        # headers.
        given = self._find(request.query_params.get("token", ""))
        if given is not None:
            return self._welcome(request, _without_token(request), given)
        token = self._find(_bearer(request.headers)) or self._by_cookie(request)
        if token is None:
            return self._sorry(request, 401, "token", headers={"WWW-Authenticate": "Bearer"})
        request.scope[SCOPE] = token.services
        return None

    def _is_signed_in(self, request: Request) -> bool:
        """Return whether a trusted proxy names the visitor.

        Anybody who reaches the port directly can send the header: the address of the connection
        decides, never another header such as ``X-Forwarded-For``.
        """
        if not self._user_header or request.client is None:
            return False
        try:
            address = ip_address(request.client.host)
        except ValueError:
            return False
        return address in self._proxies and bool(request.headers.get(self._user_header, "").strip())

    def _admit_by_proxy(self, request: Request) -> Response | None:
        if not self._services_header:
            request.scope[SCOPE] = frozenset()
            return None
        named = request.headers.getlist(self._services_header)
        # Of two one is the visitor's own, which the proxy should have replaced: neither counts.
        names = named[0].split(",") if len(named) == 1 else ()
        services = frozenset(filter(None, map(str.strip, names)))
        request.scope[SCOPE] = services
        # Empty would mean all of them: a proxy that forgets the header must not open everything.
        return None if services else self._sorry(request, 403, "services")

    def _is_known_host(self, headers: Headers) -> bool:
        name = _host_name(headers.get("host", ""))
        return _is_address(name) or name in self._hosts or name.endswith(".localhost")

    def _own_path(self, request: Request) -> str:
        return str(request.scope["path"]).removeprefix(self._prefix)

    def _find(self, given: str) -> "_Token | None":
        # All are compared, so that the time does not tell which one comes near.
        found = [token for token in self._tokens if _is_same(given, token.text)]
        return found[0] if found else None

    def _by_cookie(self, request: Request) -> "_Token | None":
        cookies = request.cookies
        found = [one for one in self._tokens if _is_same(cookies.get(one.cookie, ""), one.proof)]
        return found[0] if found else None

    def _welcome(self, request: Request, target: str, token: "_Token") -> Response:
        response = RedirectResponse(target, status_code=303)
        for other in self._tokens:
            # Who brings another token wants to see what that one shows.
            if other is not token and other.cookie in request.cookies:
                response.delete_cookie(other.cookie, path=self._prefix or "/")
        response.set_cookie(
            token.cookie,
            token.proof,
            max_age=_A_YEAR,
            path=self._prefix or "/",
            secure=_is_encrypted(request),
            httponly=True,
            # A visitor who follows a link in a chat or a ticket is logged in; requests by other
            # sites' pages are not.
            samesite="lax",
        )
        return response

    async def _take_form(self, request: Request) -> Response:
        try:
            body = await asyncio.wait_for(_begin_of(request), _FORM_SECONDS)
        except (TimeoutError, ClientDisconnect):
            body = b""
        fields: Mapping[str, str] = dict(parse_qsl(body.decode("utf-8", "replace")))
        token = self._find(fields.get("token", ""))
        if token is not None:
            return self._welcome(request, f"{self._prefix}/", token)
        return self._sorry(request, 401, "token", was_wrong=True)

    def _sorry(
        self,
        request: Request,
        status: int,
        reason: str,
        *,
        headers: Mapping[str, str] | None = None,
        was_wrong: bool = False,
    ) -> Response:
        if self._own_path(request).startswith("/api/"):
            return JSONResponse(
                {"error": REASONS[reason], "slug": f"dashboard-{reason}"},
                status_code=status,
                headers=headers,
            )
        host = request.headers.get("host", "")
        return self._rendering.page(
            "refused.html", status=status, headers=headers, reason=reason, host=host,
            was_wrong=was_wrong,
        )  # fmt: skip


class _Token:
    """A token, the services that it shows, and the cookie that is derived from it."""

    def __init__(self, text: str, services: frozenset[str]) -> None:
        self.text = text
        self.services = services
        # A cookie is sent to every port of a host, so each token has its own cookie's name: two
        # dashboards on one machine don't log each other's visitors out.
        made = hmac.new(text.encode(), b"enforcer dashboard", sha256).hexdigest()
        self.cookie = f"enforcer-{made[:8]}"
        self.proof = made[8:]


def _is_same(given: str, known: str) -> bool:
    # Compared in constant time, and as bytes: compare_digest() refuses non-ASCII strings.
    return hmac.compare_digest(given.encode("utf-8", "replace"), known.encode())


REASONS: Final = {
    "host": "This name is not one of the dashboard's: start it with --allow-host NAME",
    "site": "Another site asked for this: open the address itself",
    "method": "The dashboard only shows: it takes GET and HEAD",
    "token": "A token is needed: Authorization: Bearer TOKEN",
    "services": "The proxy names no service that you may read",
}


def _set_prefix(scope: Scope, prefix: str) -> None:
    """Make the path begin with the prefix, whether or not the proxy removed it."""
    scope["root_path"] = prefix
    path = scope["path"]
    if prefix and path != prefix and not path.startswith(f"{prefix}/"):
        scope["path"] = prefix + path


def _host_name(header: str) -> str:
    """Return the name or address of a ``Host`` header; empty if it is malformed."""
    found = _HOST.fullmatch(header.strip().lower())
    return (found[1] or found[2]) if found else ""


def _is_from_elsewhere(headers: Headers) -> bool:
    """Return whether another site's page sent the request; links that visitors follow are fine.

    https://www.w3.org/TR/fetch-metadata/
    """
    if headers.get("sec-fetch-site") != "cross-site":
        return False
    return (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) != (
        "navigate",
        "document",
    )


def _is_encrypted(request: Request) -> bool:
    """Return whether the visitor used TLS, also where a proxy terminates it.

    A visitor who forges the header without TLS only loses the cookie.
    """
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0]
    return "https" in (request.url.scheme, forwarded.strip().lower())


async def _begin_of(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            break
    return body[:_LONGEST_FORM]


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _name_of_this_machine() -> str:
    return socket.gethostname().lower() or "localhost"


def _bearer(headers: Headers) -> str:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _without_token(request: Request) -> str:
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
    path = "/" + request.scope["path"].lstrip("/")  # "//host" would lead elsewhere
    return f"{path}?{urlencode(kept)}" if kept else path
