"""Say when another tool took something away that seeing imports depends on."""

import pytest

LOOK = """
from enforcer import startup
from enforcer.runtime.imports.interference import interference

def spots():
    now = startup.active()
    found = interference(now.map, now.finder, now.watch)
    assert all(notice.kind == "blind" for notice in found)
    return {notice.subject: notice.text for notice in found}
"""


@pytest.fixture
def looking(case):
    """Give a case whose program can ask what hides imports."""
    case.rule("par.old", "new.sub")
    case.rule("par.seen", "new.sub", stage="observe")
    case.rule("par.live:old", "par.live:current")
    case.write("par/seen.py")
    case.write("par/live.py", "def current(): pass\n")
    case.write("looking.py", LOOK)
    check = case.check

    def check_looking(program, **options):
        check("from looking import spots\n" + _stripped(program), **options)

    case.check = check_looking
    return case


def _stripped(program):
    lines = program.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "".join(f"{line[indent:]}\n" for line in lines)


def test_nothing_is_said_of_what_works(looking):
    """Every kind of loaded and of not loaded module is in order."""
    looking.rule("tree.*", "new.*")
    looking.rule("par.gone", "new.nowhere")
    looking.rule("par.built_on", "new.built")
    looking.rule("late.old", "new.sub")
    looking.write("new/built.py", "from par.built_on import Z\n")
    looking.write("par/built_on.py", "class Z: pass\n")
    looking.write("par/gone.py")
    looking.write("late/__init__.py")
    looking.write("late/old.py")
    looking.environment["BEFORE"] = "import late.old"
    looking.check("""
    assert spots() == {}
    import par.old, par.seen, par.live, tree.sub, par.built_on, late.old
    from par import old, seen
    from tree import sub
    par.live.old
    assert spots() == {}
    import par.gone
    now = startup_notices = __import__("enforcer").notices()
    known = {(notice.kind, notice.subject) for notice in now}
    assert ("missing", "par.gone") in known
    from enforcer import startup
    from enforcer.runtime.imports.interference import interference
    active = startup.active()
    assert interference(active.map, active.finder, active.watch, known) == []
    """)


def test_nothing_is_said_of_modules_that_are_being_loaded(looking):
    """A look in the middle of a load says nothing."""
    looking.write("new/sub.py", "import looking\nfound = looking.spots()\nclass Y: pass\n")
    looking.write("par/seen.py", "import looking\nfound = looking.spots()\n")
    looking.write(
        "par/live.py", "import looking, par.old\nfound = looking.spots()\ndef current(): pass\n"
    )
    looking.check("""
    import par.live, par.seen, par.old
    assert par.live.found == par.seen.found == par.old.found == {}
    """)


def test_nothing_is_said_of_finders_before_ours(looking):
    """Others may be asked first, and legacy modules that they don't know are still found."""
    looking.check("""
    class Nothing:
        def find_spec(self, name, path=None, target=None):
            return None

    sys.meta_path.insert(0, Nothing())
    import par.old, par.seen
    assert spots() == {}
    """)


def test_replaced_import_statement(looking):
    """A tool that wraps __import__ is named; what it passes on is still counted."""
    looking.check("""
    import builtins, functools
    original = builtins.__import__

    @functools.wraps(original)
    def wrapper(*arguments, **options):
        return original(*arguments, **options)

    builtins.__import__ = wrapper
    import par.old
    assert spots() == {
        "__import__": "__import__ was replaced by __main__.wrapper(). "
        "Imports that it does not pass on to the original are not seen."
    }
    """)
    assert looking.uses == {("par.old", "import par.old"): 1}


def test_import_that_was_replaced_before(looking):
    """CPython is not called blind because a tool came first."""
    looking.environment["BEFORE"] = (
        "import builtins; first = builtins.__import__\n"
        "def traced(*words, **options): return first(*words, **options)\n"
        "traced.__globals__['first'] = first; builtins.__import__ = traced"
    )
    looking.check("""
    import par.old, enforcer
    assert [notice for notice in enforcer.notices() if notice.kind == "blind"] == []
    assert list(spots()) == ["__import__"]
    """)
    assert looking.uses == {("par.old", "import par.old, enforcer"): 1}


@pytest.mark.parametrize(
    "replace",
    [
        "importlib.import_module = functools.partial(importlib.import_module)",
        "importlib.import_module = functools.wraps(importlib.import_module)(lambda name: 1)",
        "import unittest.mock; importlib.import_module = unittest.mock.Mock()",
    ],
)
def test_replaced_import_module(looking, replace):
    """The same holds for import_module, in whatever form it was replaced."""
    looking.check(
        f"import functools\n{replace}\nassert list(spots()) == ['importlib.import_module']"
    )


def test_replaced_find_and_load(looking):
    """The import system's own parts are looked at, too, once the enforcer relies on them."""
    looking.check("""
    import par
    from importlib import _bootstrap
    original = _bootstrap._find_and_load
    _bootstrap._find_and_load = lambda *arguments: original(*arguments)
    assert list(spots()) == ["importlib._bootstrap._find_and_load"]
    """)


@pytest.mark.parametrize("take", ["sys.meta_path.clear()", "sys.meta_path = sys.meta_path[1:]"])
def test_finder_that_is_gone(looking, take):
    """A meta path without the finder hides what is loaded from then on."""
    looking.check(f"assert spots() == {{}}\n{take}\nassert list(spots()) == ['sys.meta_path']")


def test_state_that_passes_is_not_said(looking):
    """What is put right again within a moment, as tests do, is no blind spot."""
    looking.check("""
    held = sys.meta_path
    sys.meta_path = []
    thread = threading.Timer(0.01, lambda: setattr(sys, "meta_path", held))
    thread.start()
    assert spots() == {}
    thread.join()
    """)


def test_finder_that_hides_legacy_modules(looking):
    """A finder that answers first for legacy modules is named."""
    looking.write("par/old.py")
    looking.check("""
    from importlib.machinery import PathFinder

    class First:
        def find_spec(self, name, path=None, target=None):
            return PathFinder.find_spec(name, path) if name.startswith("par.") else None

    sys.meta_path.insert(0, First())
    import par.old, par.seen, par.live
    found = spots()
    assert sorted(found) == ["par.live", "par.old", "par.seen"], found
    assert found["par.old"] == (
        'Imports of "par.old" are not seen, because it was loaded past the enforcer; '
        "asked before it were: __main__.First."
    )
    assert found["par.live"].startswith('"par.live:old": not seen, because ')
    """)


def test_replaced_alias(looking):
    """What stands in the place of an alias is described without being touched."""
    looking.check("""
    class Touchy:
        def __getattribute__(self, name):
            os._exit(3)

    import par.old
    sys.modules["par.old"] = Touchy()
    assert spots() == {
        "par.old": 'Imports of "par.old" are not seen, because __main__.Touchy '
        "stands in its place in sys.modules."
    }
    """)


def test_c_code_that_adds_the_legacy_module(looking):
    """PyImport_AddModule() takes an alias for no module, and replaces it."""
    looking.check("""
    import ctypes, par.old
    add = ctypes.pythonapi.PyImport_AddModule
    add.restype = ctypes.c_void_p
    add(b"par.old")
    assert spots() == {
        "par.old": 'Imports of "par.old" are not seen, because an empty module, as C code makes '
        "with PyImport_AddModule(), stands in its place in sys.modules."
    }
    """)


def test_module_that_was_taken_out_is_no_blind_spot(looking):
    """A legacy module that is not loaded will be found again; one that is barred raises."""
    looking.check("""
    import par.old, par.seen
    del sys.modules["par.old"]
    sys.modules["par.seen"] = None
    assert spots() == {}
    """)


def test_odd_names_of_modules(looking):
    """Others keep all kinds of things in sys.modules."""
    looking.check(
        """
        sys.modules[7] = sys.modules[types] = types
        sys.meta_path.clear()
        assert list(spots()) == ["sys.meta_path"]
        """,
        guard=False,
    )


def test_observed_module_that_lost_its_class(looking):
    """An observed module tells of its imports only by the class of its spec, or its own."""
    looking.check("""
    import importlib.machinery, par.seen
    par.seen.__class__ = types.ModuleType
    spec = par.seen.__spec__
    par.seen.__spec__ = importlib.machinery.ModuleSpec(spec.name, spec.loader)
    assert spots() == {
        "par.seen": 'Imports of "par.seen" are not seen, because it was loaded past the '
        "enforcer, or its class or its spec was replaced."
    }
    """)


def test_lazily_loaded_module(looking):
    """Modules that are loaded by hand are not observed; looking at one does not load it."""
    looking.check("""
    spec = importlib.util.find_spec("par.seen")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["par.seen"] = module
    spec.loader.exec_module(module)
    kind = type(module)
    assert kind.__name__ == "_LazyModule"
    assert list(spots()) == ["par.seen"]
    assert type(module) is kind
    """)


def test_lazily_loaded_alias(looking):
    """An alias is seen however it is loaded."""
    looking.check("""
    spec = importlib.util.find_spec("par.old")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["par.old"] = module
    spec.loader.exec_module(module)
    assert spots() == {}
    import par.old, new.sub
    assert module.Y is new.sub.Y
    assert spots() == {}
    """)


def test_live_module_that_lost_its_class(looking):
    """So do modules with legacy names."""
    looking.check("""
    import par.live
    par.live.__class__ = types.ModuleType
    assert list(spots()) == ["par.live"]
    """)


def test_subclass_of_our_class_is_no_blind_spot(looking):
    """A tool that builds on what is there hides nothing."""
    looking.check("""
    import par.seen, par.live, par.old
    for module in (par, par.seen, par.live):
        module.__class__ = type("Other", (type(module),), {"__slots__": ()})
    assert spots() == {}
    """)


def test_package_that_lost_its_class(looking):
    """A package tells of its legacy modules by its own class, whatever others were loaded before."""
    looking.rule("top", "new.sub")
    looking.rule("whole.*", "new.*")
    looking.check("""
    import top, whole.sub
    import par.old
    par.__class__ = types.ModuleType
    assert spots() == {"par.old": '"from par import old" is not seen: the class of "par" was replaced.'}
    """)


def test_what_is_known_is_not_said_again(looking):
    """Each thing is said once, and looking costs no patience any more."""
    looking.check("""
    import time
    from enforcer import startup
    from enforcer.runtime.imports import interference
    sys.meta_path.clear()
    active = startup.active()
    interference.sleep = None
    known = {("blind", "sys.meta_path")}
    assert interference.interference(active.map, active.finder, active.watch, known) == []
    """)


@pytest.mark.parametrize("broken", ["sys.meta_path = None", "del sys.modules", "del sys.meta_path"])
def test_looking_never_raises(looking, broken):
    """Whatever was replaced, the reporter goes on."""
    looking.check(
        f"held = dict(vars(sys))\n{broken}\nfound = spots()\nvars(sys).update(held)\nassert found == {{}}"
    )


def test_looking_imports_and_counts_nothing(looking):
    """Looking is no use of anything."""
    looking.check("""
    import par.old, par.seen, par.live
    before = dict(sys.modules)
    assert spots() == {}
    assert dict(sys.modules) == before
    """)
    assert not looking.probes
    assert sum(looking.uses.values()) == 2
