"""A deprecated name in a module that lives on."""

import pytest


@pytest.fixture
def live(case):
    case.write(
        "live.py",
        """
        def current(): return "current"
        def old(): return "old"
        def inside(): return old()
        """,
    )
    return case


def test_each_look_up_gives_the_canonical_object_and_counts(live):
    live.rule("live:old", "live:current")
    live.check("""
    import live
    def ask():
        from live import old
        assert old is live.old is live.current
        assert getattr(live, "old") is live.current
    for _ in range(20):
        ask()
    assert vars(live)["old"]() == "old" == live.inside()
    """)
    assert live.uses == {
        ("live:old", "from live import old"): 20,
        ("live:old", "assert old is live.old is live.current"): 20,
        ("live:old", 'assert getattr(live, "old") is live.current'): 20,
    }
    assert {row["mechanism"] for row in live.rows} == {"import_statement", "attribute"}


def test_observe_gives_what_the_module_has(live):
    live.rule("live:old", "live:current", stage="observe")
    live.check("""
    import live
    from live import old
    assert old() == live.old() == "old"
    """)
    assert sum(live.uses.values()) == 2


def test_a_name_that_is_gone_from_the_module_is_served(case):
    case.rule("live:old", "elsewhere:current")
    case.write("live.py", "Z = 1\n")
    case.write("elsewhere.py", "def current(): pass\n")
    case.check("""
    import live
    assert "elsewhere" not in sys.modules
    from live import old
    import elsewhere
    assert old is elsewhere.current
    """)
    assert case.uses == {("live:old", "from live import old"): 1}


def test_strict_and_removed_refuse(live):
    live.rule("live:old", "live:current", stage="strict")
    live.rule("live:inside", "live:current", stage="removed")
    live.check("""
    from enforcer import LegacyImportError
    import live
    for program in ("from live import old", "live.old", "from live import inside", "live.inside"):
        for _ in range(3):
            try:
                exec(program, {"live": live})
            except LegacyImportError as error:
                assert "Write: from live import current" in str(error), error
            else:
                raise AssertionError(program)
    assert hasattr(live, "old")
    assert not hasattr(live, "inside")
    """)


def test_patching_through_the_legacy_name_patches_the_canonical_one(live):
    live.rule("live:old", "live:current")
    live.check("""
    from unittest import mock
    import live
    current = live.current
    with mock.patch("live.old", "patched"):
        assert live.current == live.old == "patched"
    assert live.current is live.old is current
    """)


def test_patches_within_patches_end_one_by_one(case):
    """Also where the module has a definition of its own, which mock puts back each time."""
    case.rule("live:old", "live:current")
    case.write("live.py", "def current(): pass\ndef old(): pass\n")
    case.check("""
    from unittest import mock
    import live
    current = live.current
    for _ in range(2):
        with mock.patch("live.old", "outer"):
            for _ in range(20):
                with mock.patch("live.old", "inner"):
                    assert live.current == live.old == "inner"
                assert live.current == live.old == "outer"
        assert live.current is live.old is current
        live.old = live.old
    """)


def test_deleting_a_name_deletes_what_answers(case):
    """Once: what is gone can't be deleted again."""
    case.rule("live:old", "live:current")
    case.rule("live:far", "elsewhere:current")
    case.rule("live:seen", "live:current", stage="observe")
    case.write("live.py", "def current(): pass\ndef seen(): pass\n")
    case.write("elsewhere.py", "def current(): pass\n")
    case.check("""
    import live, elsewhere
    for name, module, canonical in (
        ("old", live, "current"), ("far", elsewhere, "current"), ("seen", live, "seen")
    ):
        assert canonical in vars(module)
        delattr(live, name)
        assert canonical not in vars(module)
        try:
            delattr(live, name)
        except AttributeError as error:
            pass
        else:
            raise AssertionError(name)
    """)


def test_patching_a_name_that_is_gone(case):
    case.rule("live:old", "elsewhere:current")
    case.write("live.py")
    case.write("elsewhere.py", "def current(): pass\n")
    case.check("""
    from unittest import mock
    import live
    with mock.patch("live.old", "patched"):
        import elsewhere
        assert elsewhere.current == "patched"
    assert callable(elsewhere.current) and live.old is elsewhere.current
    """)


def test_star_import_counts_only_what_the_module_exports(case):
    case.rule("live:old", "live:current")
    case.rule("other:old", "other:current")
    case.write("live.py", "__all__ = ['old']\ndef current(): pass\ndef old(): pass\n")
    case.write("other.py", "def current(): pass\ndef old(): pass\n")
    case.check("""
    from live import *
    import live
    assert old is live.current
    from other import *
    """)
    assert case.uses == {("live:old", "from live import *"): 1}


def test_renamed_names_of_an_aliased_module(case):
    case.rule("par.old", "par.canon", names={"create": "get"})
    case.write("par/canon.py", "__all__ = ['get']\ndef get(): pass\n")
    case.check("""
    import par.canon
    from par.old import create
    assert create is par.canon.get
    import par.old
    assert par.old.create is par.canon.get and "create" in dir(par.old)
    assert "create" not in vars(par.canon) and vars(par.old) is vars(par.canon)
    space = {}
    exec("from par.old import *", space)
    assert space["create"] is space["get"] is par.canon.get
    from unittest import mock
    with mock.patch("par.old.create", "patched"):
        assert par.canon.get == "patched"
    assert callable(par.canon.get)
    """)


MANY = 200
"""Executions after which CPython has specialised an instruction for what it met there."""


@pytest.mark.parametrize(
    "body",
    [
        "def current(): pass\ndef old(): pass\n",
        "def current(): pass\n",
        "def current(): pass\ndef old(): pass\ndef __getattr__(name): raise AttributeError(name)\n",
    ],
    ids=["the module has it", "it is gone", "the module has a __getattr__"],
)
def test_each_look_up_is_seen_where_cpython_knows_the_module(case, body):
    """From 3.14 on LOAD_ATTR reads what a module has past the descriptors of its class."""
    case.rule("live:old", "live:current")
    case.write("live.py", body)
    case.check(f"""
    import live
    def ask():
        return live.old is live.current
    assert all(ask() for _ in range({MANY}))
    """)
    assert case.uses == {("live:old", "return live.old is live.current"): MANY}


def test_each_look_up_is_seen_of_a_name_that_comes_back(case):
    """Whoever sets it sets the canonical name, or the name itself where that answers."""
    case.rule("live:old", "live:current", stage="observe")
    case.write("live.py", "def current(): pass\n")
    case.check(f"""
    import live
    live.old = 5
    def ask():
        return live.old
    assert [ask() for _ in range({MANY})] == [5] * {MANY}
    """)
    assert case.uses == {("live:old", "return live.old"): MANY}


def test_a_module_with_a_legacy_name_says_what_it_lacks_as_before(live):
    live.rule("live:old", "live:current")
    live.check("""
    import live
    try:
        live.nope
    except AttributeError as error:
        assert str(error) == "module 'live' has no attribute 'nope'"
        assert (error.name, error.obj) == ("nope", live)
    else:
        raise AssertionError
    assert not hasattr(live, "__path__")
    """)


def test_a_class_with_an_own_getattr_keeps_it(case):
    """A module may have given itself a class that looks attributes up in another way."""
    case.rule("live:old", "live:current")
    case.write(
        "live.py",
        """
        import sys, types
        class Lazy(types.ModuleType):
            def __getattr__(self, name):
                if name == "late":
                    return 7
                raise AttributeError(name)
        def current(): pass
        def old(): pass
        sys.modules[__name__].__class__ = Lazy
        """,
    )
    case.check(f"""
    import live
    def ask():
        return live.old is live.current and live.late
    assert [ask() for _ in range({MANY})] == [7] * {MANY}
    """)
    assert case.uses == {("live:old", "return live.old is live.current and live.late"): MANY}


def test_a_name_waits_for_the_thread_that_executes_its_canonical_module(case):
    """As ``from new.slow import X`` would."""
    case.rule("par.live:Old", "new.slow:X")
    case.write("par/live.py", "Old = 0\n")
    case.write(
        "new/slow.py",
        "import builtins\nbuiltins.started.set()\nbuiltins.go.wait()\nX = 1\n",
    )
    case.check(
        """
    import builtins, time
    import par.live
    builtins.started, builtins.go = threading.Event(), threading.Event()
    got = []
    def by_import():
        from par.live import Old
        got.append(Old)
    def by_attribute():
        got.append(par.live.Old)
    def is_waiting(thread):
        frame = sys._current_frames().get(thread.ident)
        return frame is not None and frame.f_code.co_name == "acquire"
    first = threading.Thread(target=importlib.import_module, args=("new.slow",))
    first.start()
    builtins.started.wait()
    others = [threading.Thread(target=work) for work in (by_import, by_attribute)]
    for thread in others:
        thread.start()
    while not all(map(is_waiting, others)):
        assert all(thread.is_alive() for thread in others)
        time.sleep(.001)
    builtins.go.set()
    for thread in [first, *others]:
        thread.join()
    assert got == [1, 1], got
    """,
        guard=False,
    )
    assert sum(case.uses.values()) == 2
