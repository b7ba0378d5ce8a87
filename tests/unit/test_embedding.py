"""When a thread may run in a server that embeds Python; the servers are in tests/integration."""

import sys
from types import ModuleType

import pytest

from enforcer.runtime.process import embedding
from enforcer.runtime.process.embedding import Hook, UwsgiHooks, may_have_thread


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def server() -> ModuleType:
    """Give a module with a hook that may be set, as the module ``uwsgi`` is one."""
    return ModuleType("server")


def test_ours_is_called_before_what_was_there(server: ModuleType, calls: list[str]) -> None:
    server.hook = lambda: calls.append("theirs")
    Hook(lambda: calls.append("ours")).take_place(server, "hook")
    server.hook()
    server.hook()
    assert calls == ["ours", "theirs"] * 2


def test_a_later_hook_that_calls_ours_is_no_circle(server: ModuleType, calls: list[str]) -> None:
    ours = Hook(lambda: calls.append("ours"))
    ours.take_place(server, "hook")

    def later(before: Hook = ours) -> None:
        before()
        calls.append("theirs")

    server.hook = later
    ours.take_place(server, "hook")
    server.hook()
    assert calls == ["ours", "ours", "theirs"]


def test_a_fault_of_ours_stops_nobody(server: ModuleType, calls: list[str]) -> None:
    server.hook = lambda: calls.append("theirs")
    Hook(lambda: 1 // 0).take_place(server, "hook")
    server.hook()
    assert calls == ["theirs"]


def test_a_fault_of_theirs_is_theirs(server: ModuleType) -> None:
    server.hook = lambda: 1 // 0
    Hook(int).take_place(server, "hook")
    with pytest.raises(ZeroDivisionError):
        server.hook()


def test_uwsgi_is_looked_for_with_each_import(
    monkeypatch: pytest.MonkeyPatch, server: ModuleType, calls: list[str]
) -> None:
    hooks = UwsgiHooks(lambda: calls.append("fork"), lambda: calls.append("request"))
    monkeypatch.setattr(sys, "meta_path", sys.meta_path.copy())
    hooks.install()
    monkeypatch.setitem(sys.modules, "uwsgi", server)
    with pytest.raises(ImportError):
        __import__("no_such_module")
    assert not hasattr(server, "post_fork_hook")  # it is not complete yet

    server.has_threads = 0
    with pytest.raises(ImportError):
        __import__("no_such_module")
    server.post_fork_hook()
    server.after_req_hook()
    assert calls == ["fork", "request"]

    hooks.remove()
    assert hooks not in sys.meta_path


@pytest.mark.parametrize("has_threads", [0, 1])
@pytest.mark.parametrize("worker", [0, 1])
def test_a_master_of_uwsgi_gets_no_thread(
    monkeypatch: pytest.MonkeyPatch, server: ModuleType, has_threads: int, worker: int
) -> None:
    server.has_threads = has_threads
    server.worker_id = lambda: worker
    monkeypatch.setitem(sys.modules, "uwsgi", server)
    monkeypatch.setattr(sys, "orig_argv", [])
    assert may_have_thread() is bool(has_threads and worker)


def test_an_unknown_server_may_fork_for_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert may_have_thread()  # this is Python's own program
    monkeypatch.setattr(sys, "orig_argv", [])
    monkeypatch.setattr(embedding, "_may_fork_until", embedding.monotonic() + 3600)
    assert not may_have_thread()
    monkeypatch.setattr(embedding, "_pid", -1)  # a child of the process that loaded this
    assert may_have_thread()
    monkeypatch.undo()
    monkeypatch.setattr(sys, "orig_argv", [])
    monkeypatch.setitem(sys.modules, "mod_wsgi", ModuleType("mod_wsgi"))
    assert may_have_thread()
