"""``enforcer dashboard`` serves until it is ended, and says what is wrong in a line."""

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from enforcer.cli.main import main
from enforcer.distribution import install_command
from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.store.sqlite.writer import Store
from tests.patience import PATIENCE, environment_without


@contextmanager
def running(*options: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "enforcer", "dashboard", "--port", "0", *options]
    with subprocess.Popen(
        command,
        env={**environment_without("ENFORCER"), **variables},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + process.stderr.read()
        try:
            yield process, found[0]
        finally:
            if process.poll() is None:
                process.kill()


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:  # noqa: S310 - on loopback
        return str(answer.read().decode())


@pytest.mark.process
def test_serves_what_the_map_names_until_ctrl_c(
    tmp_path: Path, make_use: Callable[..., Use], make_process: Callable[..., Process]
) -> None:
    """It says where it is; Ctrl-C ends it at once, also while a page listens, without noise."""
    rule = '[[rule]]\nlegacy = "shop.old_cart"\ncanonical = "shop.cart"\n'
    (tmp_path / "enforcer.toml").write_text(f'[enforcer]\nstore = "kept.db"\n{rule}')
    process = make_process(service="shop", started=time.time_ns())
    with closing(Store(str(tmp_path / "kept.db"))) as store:
        store.watch(process, [])
        store.write(process, 0, [make_use(count=7)])
        store.leave(process, "exit")
    with running("--map", str(tmp_path / "enforcer.toml")) as (dashboard, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
        assert '"uses":7' in read(f"{address}api/overview")
        with urllib.request.urlopen(f"{address}live", timeout=PATIENCE) as stream:  # noqa: S310
            assert stream.readline()
            dashboard.send_signal(signal.SIGINT)
            assert dashboard.wait(PATIENCE) == 0  # though the stream never ends
        assert dashboard.stderr is not None
        assert dashboard.stderr.read() == "Ctrl-C ends it.\n"


@pytest.mark.process
def test_token_is_asked_for(tmp_path: Path) -> None:
    """A token from the environment is in the address that is shown, and nobody gets in without."""
    variables = {"ENFORCER_DASHBOARD_TOKEN": "a b"}
    with running("--store", str(tmp_path / "no.db"), **variables) as (_, address):
        assert address.endswith("/?token=a%20b")
        assert "Nothing recorded yet" in read_with_cookies(address)
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            read(address.partition("?")[0])
        refused.value.close()


def read_with_cookies(address: str) -> str:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(address, timeout=PATIENCE) as answer:
        return str(answer.read().decode())


@pytest.mark.process
def test_demonstration_is_served(tmp_path: Path) -> None:
    """It shows an invented history, and takes its folder away when it is ended."""
    with running("--demo", "--prefix", "/old", TMPDIR=str(tmp_path)) as (dashboard, address):
        assert address.endswith("/old/")
        page = read(address)
        assert "This is a demonstration" in page
        assert "shop.cart_utils" in page
        assert list(tmp_path.iterdir())
        dashboard.terminate()
        assert dashboard.wait(PATIENCE) == 0
    assert not list(tmp_path.iterdir())


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["dashboard", *words])
    return result.exit_code, result.stderr


def test_other_hosts_need_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """What others could reach is not served without a token."""
    monkeypatch.delenv("ENFORCER_DASHBOARD_TOKEN", raising=False)
    for host in ("0.0.0.0", "::", "build.example", "10.0.0.1"):  # noqa: S104 - refused
        code, error = run("--demo", "--host", host)
        assert code == 2
        assert error == (
            f'enforcer: others can reach "{host}", and would see your code: write --token new for '
            "a token, or put one into ENFORCER_DASHBOARD_TOKEN (dashboard-token)\n"
        )


def test_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, error = run("--store", str(tmp_path / "no.db"), "--port", port)
    assert code == 2
    assert error == (
        f"enforcer: the dashboard can't listen at 127.0.0.1:{port}: Address already in use. "
        "Name another --port, or 0 for one that is free (address-taken)\n"
    )


def test_missing_extra_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enforcer.cli.dashboard.find_spec", lambda name: name != "uvicorn" or None)
    code, error = run()
    assert code == 2
    assert error == (
        'enforcer: the dashboard needs the package "uvicorn", which is not installed here. '
        f"Write: {install_command('dashboard')} (dashboard-extra)\n"
    )


def test_without_a_map_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENFORCER_STORE", raising=False)
    monkeypatch.delenv("ENFORCER_MAP", raising=False)
    code, error = run()
    assert code == 2
    assert "(no-map)" in error


@pytest.mark.parametrize(
    "options",
    [
        ("--sso-header", "X-User"),
        ("--sso-proxy", "10.0.0.2"),
        ("--sso-proxy", "proxy.example", "--sso-header", "X-User"),
    ],
)
def test_proxy_and_header_go_together(options: tuple[str, ...]) -> None:
    """A header without the address that may send it would let everybody in."""
    result = CliRunner().invoke(main, ["dashboard", "--demo", *options])
    assert result.exit_code == 2
    assert "(dashboard-sso)" in result.output
