"""mod_wsgi runs an application in a subinterpreter: its uses are written while that lives.

Apache refuses to serve as root. Where root runs the tests, it is somebody else to Apache, in a
namespace of users; to the kernel it is still root, who may read this Python.
"""

import importlib.util
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.integration.servers.conftest import REQUESTS, Ask
from tests.patience import wait_until
from tests.worlds import Server, World

pytestmark = pytest.mark.component("apache2", "mod_wsgi", "unshare")

MODULES = "/usr/lib/apache2/modules"
CONFIGURATION = """\
ServerRoot {folder}
ServerName localhost
PidFile apache.pid
Listen 127.0.0.1:{port}
Mutex default:{folder}
ErrorLog {folder}/apache.log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {mod_wsgi}
StartServers 1
ServerLimit 1
MaxRequestWorkers 25
MinSpareThreads 1
WSGIRestrictEmbedded On
WSGISocketPrefix {folder}/socket
WSGIDaemonProcess shop processes=2 threads=4 python-home={python} python-path={folder}
WSGIProcessGroup shop
{group}
WSGIScriptAlias / {folder}/web.py
<Directory {folder}>
Require all granted
</Directory>
"""
GROUPS = {
    "default application group": "",
    "WSGIApplicationGroup %{GLOBAL}": "WSGIApplicationGroup %{GLOBAL}",
}
groups = pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def module_for_apache() -> str:
    """Return the module that PyPI's mod_wsgi was built as."""
    spec = importlib.util.find_spec("mod_wsgi")
    assert spec is not None
    assert spec.origin is not None
    (file,) = Path(spec.origin).parent.glob("server/mod_wsgi-py*.so")
    return str(file)


def apache(world: World, port: int, group: str) -> Server:
    """Start it, with two processes for the application."""
    text = CONFIGURATION.format(
        folder=world.folder,
        group=group,
        mod_wsgi=module_for_apache(),
        modules=MODULES,
        port=port,
        python=sys.prefix,
    )
    configuration = world.write("apache.conf", text)
    as_somebody = ["unshare", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []
    server = [*as_somebody, "/usr/sbin/apache2", "-f", str(configuration), "-D", "FOREGROUND"]
    return Server(world, server)


def wait_for(server: Server, port: int) -> None:
    """Wait until it listens."""

    def is_listening() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    server.wait_for(is_listening)


@groups
def test_uses_are_counted(world: World, ask: Ask, group: str) -> None:
    port = free_port()
    with apache(world, port, group) as server:
        wait_for(server, port)
        answered = ask(port)
        server.stop()
    assert len(answered) == 2
    world.expect(REQUESTS)


@groups
def test_uses_are_written_while_the_interpreter_lives(world: World, ask: Ask, group: str) -> None:
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.1"
    port = free_port()
    with apache(world, port, group) as server:
        wait_for(server, port)
        ask(port)
        wait_until(lambda: world.has_counted(REQUESTS))
        ask(port, times=20)
        wait_until(lambda: world.has_counted(REQUESTS + 20))
        server.stop()
    world.expect(REQUESTS + 20)
    assert world.report["watched"]["vanished"] == 0
    log = (world.folder / "apache.log").read_text()
    assert "exit signal" not in log, log  # a crash


@groups
def test_a_process_that_is_killed_may_have_lost_uses(world: World, ask: Ask, group: str) -> None:
    """The idle main interpreter's goodbye would say otherwise; it is killed as well."""
    world.environment["ENFORCER_FLUSH_INTERVAL"] = "0.05"
    port = free_port()
    with apache(world, port, group) as server:
        wait_for(server, port)
        answered = ask(port)
        wait_until(lambda: world.has_counted(REQUESTS))
        os.kill(min(answered), signal.SIGKILL)
        wait_until(lambda: world.report["watched"]["vanished"] >= 1)
        server.stop()
