"""Serve the embedded ClickHouse engine over HTTP on loopback, as a ClickHouse server is asked.

``python chdb_server.py FOLDER [CERTIFICATE KEY]`` prints its port. chDB lives in one process, and
a process that forks must not have it loaded: so tests ask this one, through the same client and
the same protocol as in production. A user ``reader`` with the password ``right`` may only read.
"""

import base64
import contextlib
import re
import ssl
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from chdb.session import Session

USERS = {"default": "", "reader": "right"}
FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
READS = ("SELECT", "EXISTS", "WITH", "SHOW", "DESC")


class Refusal(Exception):
    """Say what a server would, with its status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """Answer one query after the other: the engine has one database in use at a time."""

    protocol_version = "HTTP/1.1"
    session: Session
    turn = threading.Lock()

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        self.answer(b"")

    def do_POST(self) -> None:  # noqa: N802 - the same
        self.answer(self.body())

    def body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def answer(self, body: bytes) -> None:
        options = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        try:
            user = self.user(options)
            with self.turn:
                answer, status = self.ask(user, options, body), 200
        except Refusal as refusal:
            answer, status = str(refusal).encode(), refusal.status
        except Exception as error:  # noqa: BLE001 - the engine's, to be told to the client
            answer, status = str(error).encode(), 404 if "Code: 60." in str(error) else 500
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        self.send_header("X-ClickHouse-Summary", "{}")
        if status != 200:
            self.send_header("X-ClickHouse-Exception-Code", "1")
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):
            self.wfile.write(answer)

    def user(self, options: dict[str, str]) -> str:
        name, password = options.get("user", "default"), options.get("password", "")
        if "X-ClickHouse-User" in self.headers:
            name, password = self.headers["X-ClickHouse-User"], self.headers["X-ClickHouse-Key"]
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, password = base64.b64decode(encoded).decode().partition(":")
        if USERS.get(name) != password:
            text = f"Code: 516. DB::Exception: {name}: Authentication failed: password is incorrect"
            raise Refusal(403, text)
        return name

    def ask(self, user: str, options: dict[str, str], body: bytes) -> bytes:
        query, data = options.get("query", ""), body
        if not query:
            query, data = body.decode(), b""
        elif not query.lstrip().upper().startswith("INSERT"):
            query, data = f"{query} {body.decode()}", b""
        words = query.split(None, 1)
        if user == "reader" and words and words[0].upper() not in READS:
            text = f"Code: 497. DB::Exception: {user}: Not enough privileges"
            raise Refusal(500, text)
        self.session.query(f"USE `{options.get('database') or 'default'}`")
        parameters = {
            key.removeprefix("param_"): value
            for key, value in options.items()
            if key.startswith("param_")
        }
        if data:
            return self.insert(query, data)
        form = options.get("default_format", "TabSeparated")
        named = FORMAT.search(query)
        if named:
            query, form = query[: named.start()], named[1]
        return bytes(self.session.query(query, form, params=parameters).bytes())

    def insert(self, query: str, data: bytes) -> bytes:
        named = FORMAT.search(query)
        if named is None:
            text = "Code: 62. DB::Exception: this server wants a FORMAT"
            raise Refusal(400, text)
        begin, form = query[: named.start()], named[1]
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            self.session.query(f"{begin} FROM INFILE '{file.name}' FORMAT {form}")
        return b""

    def log_message(self, *arguments: object) -> None:
        """Be silent."""


def main() -> None:
    """Serve until killed."""
    folder, *certificate = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    Handler.session = Session(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
