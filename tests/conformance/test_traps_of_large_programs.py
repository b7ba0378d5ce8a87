"""The traps that one large real application fell into, and lazy imports."""

import sys

import pytest

LAZY_IMPORTS = pytest.mark.skipif(
    sys.version_info < (3, 15), reason="lazy imports are of Python 3.15"
)


def test_t32_canonical_may_import_its_implementation_from_the_legacy_module(case):
    """Without a word in the map it works, nobody else goes unseen, and it is said."""
    case.rule("par.old", "par.canon")
    case.write("par/old.py", "class Impl: pass\nRUNS = __name__\n")
    case.write("par/canon.py", "from par.old import Impl\nclass Other: pass\n")
    case.check("""
    import par.canon
    import par.old
    from par.old import Impl, RUNS
    assert Impl is par.canon.Impl and RUNS == "par.old"
    """)
    assert ("implementation", "par.old") in case.notices
    assert case.uses["par.old", "import par.old"] == 1
    assert case.uses["par.old", "from par.old import Impl, RUNS"] == 1


def test_t32_canonical_goes_on_without_an_implementation_that_fails(case):
    """Then the legacy path is the canonical module's alias as ever."""
    case.rule("par.old", "par.canon")
    case.write("par/old.py", "raise ImportError('it needs something that is not here')\n")
    case.write(
        "par/canon.py",
        "try:\n    from par.old import Y\nexcept ImportError:\n    class Y: pass\n",
    )
    case.check("""
    import par.canon
    from par.old import Y
    import par.old as m
    assert Y is m.Y is par.canon.Y
    """)


def test_t32_implementation_in_the_map(case):
    for stage in ("observe", "alias", "warn", "strict"):
        case.rules.clear()
        case.rule("par.old", "par.canon", stage=stage, implementation=True)
        case.write("par/old.py", "class Impl: pass\n")
        case.write("par/canon.py", "from par.old import Impl\n")
        case.check("""
        import warnings
        warnings.simplefilter("ignore")
        import par.canon
        importlib.reload(par.canon)
        assert par.canon.Impl.__module__ == "par.old"
        try:
            from par.old import Impl
        except ImportError:
            pass
        """)
        assert case.uses == {("par.old", "from par.old import Impl"): 1}
        assert case.rows[0]["file"] == "main.py"


def test_t32_strict_lets_canonical_reach_its_implementation(case):
    case.rule("par.old", "par.canon", stage="strict")
    case.write("par/old.py", "class Impl: pass\n")
    case.write("par/canon.py", "from par.old import Impl\n")
    case.check("""
    import par.canon
    assert par.canon.Impl
    try:
        from par.old import Impl
    except ImportError:
        pass
    else:
        raise AssertionError
    """)


def test_t33_hooks_belong_to_the_load_not_to_one_module_object(case):
    case.rule("flaky.old", "new.sub")
    case.rule("flaky:legacy", "flaky:current")
    case.write(
        "flaky/__init__.py",
        """
        import builtins
        current = object()
        import flaky.old
        if not getattr(builtins, "READY", False):
            builtins.READY = True
            raise RuntimeError("half-way")
        """,
    )
    case.check("""
    try:
        import flaky
    except RuntimeError:
        pass
    import flaky
    from flaky import legacy
    assert legacy is flaky.current
    from flaky import old
    import new.sub
    assert old.Y is new.sub.Y
    def ask():
        from flaky import old
    ask()
    ask()
    """)
    assert case.uses["flaky.old", "import flaky.old"] == 2
    assert case.uses["flaky.old", "from flaky import old"] == 3
    assert case.uses["flaky:legacy", "from flaky import legacy"] == 1


def test_t34_walking_all_modules_imports_and_counts_nothing(case):
    case.rule("old.*", "new.*")
    case.rule("par.mod:legacy", "elsewhere:current")
    case.write("par/mod.py", "def legacy(): pass\n")
    case.write("elsewhere.py", "def current(): pass\n")
    case.check("""
    import enforcer, inspect, par.mod
    import old.sub
    importlib.util.find_spec("old.other")
    enforcer.collect()
    before = set(sys.modules)
    for name, module in list(sys.modules.items()):
        for attribute in dir(module):
            getattr(module, attribute, None)
        inspect.getmodule(module)
        hasattr(module, "__wrapped__")
        getattr(module, "__file__", None)
    assert "elsewhere" not in sys.modules
    assert not {name for name in set(sys.modules) - before if name.startswith(("old", "new", "par"))}
    """)
    assert case.rows == []


def test_t35_stacklevels_are_untouched(case):
    case.rule("oldtop", "new.wn")
    case.write(
        "new/wn.py", 'import warnings\nwarnings.warn("x", DeprecationWarning, stacklevel=2)\n'
    )
    case.check("""
    import builtins, warnings
    assert type(builtins.__import__).__name__ == "builtin_function_or_method"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import oldtop
    assert caught[0].filename == __file__, caught[0].filename
    """)


def test_t36_the_strict_error_is_an_import_error_and_is_recorded(case):
    """A fallback may swallow it; the record stays, for whoever fails the test in the end."""
    case.rule("oldtop", "new.sub", stage="strict")
    case.check("""
    try:
        import oldtop
    except ImportError:
        fallback = True
    assert fallback
    """)
    assert [(row["outcome"], row["count"]) for row in case.rows] == [("blocked", 1)]


def test_t37_no_frame_of_the_enforcer_below_a_canonical_body(case):
    case.rule("oldtop", "new.stack")
    case.write(
        "new/stack.py",
        """
        import sys
        frame, FRAMES = sys._getframe(), []
        while frame:
            FRAMES.append((frame.f_code.co_filename, frame.f_code.co_name))
            frame = frame.f_back
        """,
    )
    case.check("""
    import oldtop
    between = []
    for file, name in oldtop.FRAMES:
        if file == __file__:
            break
        between.append(file)
    assert not [file for file in between if "enforcer" in file], between
    """)


def test_t37_no_name_of_the_import_path_contains_test():
    import enforcer.runtime.imports.watch  # noqa: F401, PLC0415 - the import path, loaded

    for name, module in list(sys.modules.items()):
        if name.startswith(
            ("enforcer.runtime.imports", "enforcer.recording", "enforcer.rules.model")
        ):
            assert "test" not in name
            assert "test" not in module.__file__.rpartition("/enforcer/")[2]
            functions = [key for key in vars(module) if "test" in key.lower()]
            assert functions == []


def test_t38_dunder_import_with_keywords_and_without_globals(case):
    case.rule("old.*", "new.*")
    case.check("""
    import new
    def ask():
        leaf = __import__("old.sub", fromlist=["Y"])
        assert leaf.Y is sys.modules["new.sub"].Y
        top = __import__(name="old.sub")
        assert top is sys.modules["old"] and vars(top) is vars(new)
    ask()
    ask()
    """)
    assert case.uses == {
        ("old.sub", 'leaf = __import__("old.sub", fromlist=["Y"])'): 2,
        ("old.sub", 'top = __import__(name="old.sub")'): 2,
    }


def test_t40_a_lacking_name_is_an_honest_import_error(case):
    case.rule("par.old", "par.canon")
    case.write("par/canon.py", "class WebSocketManager: pass\n")
    case.check("""
    try:
        from par.old import WebSocketManagr
    except ImportError as error:
        assert type(error) is ImportError
        assert str(error).startswith("cannot import name 'WebSocketManagr' from 'par.old'")
        assert "WebSocketManager" in str(error)
        assert error.name == "par.old" and error.path.endswith("canon.py")
    else:
        raise AssertionError
    import par.old
    try:
        par.old.Nothing
    except AttributeError as error:
        assert error.name == "Nothing" and error.obj is par.old
    """)


def test_t40_a_star_gets_what_a_fallback_serves(case):
    """The legacy code's own exports too; whoever only reads `__all__` runs nothing."""
    case.rule("par.old", "par.canon", fallback="legacy")
    case.rule("par.shown", "par.canon", fallback="legacy")
    case.write("par/canon.py", "Both = 'new'\nHidden = 'new'\n__all__ = ['Both']")
    case.write("par/old.py", "print('ran')\nBoth = OnlyOld = 'old'\n_private = Hidden = 'old'")
    case.write("par/shown.py", "__all__ = ['_private']\n_private = OnlyShown = 'old'")
    case.write("par/api.py", "from .old import *")
    case.check("""
    import contextlib, io
    import par.old
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        assert par.old.__all__ == ["Both"] and "OnlyOld" not in dir(par.old)
        assert output.getvalue() == ""
        from par.api import OnlyOld
        from par.old import *
    assert output.getvalue() == "ran\\n"
    assert (Both, OnlyOld, Hidden) == ("new", "old", "new") and "_private" not in globals()
    from par.shown import *
    assert _private == "old" and "OnlyShown" not in globals()
    """)
    assert ("fallback", "par.old:OnlyOld") in case.notices


def test_t40_a_fallback_makes_no_list_of_exports_where_there_is_none(case):
    """Whoever looks for one finds what a module without it has."""
    case.rule("par.old", "par.canon", fallback="legacy")
    case.write("par/canon.py", "Both = 'new'")
    case.write("par/old.py", "Both = OnlyOld = 'old'")
    case.check("""
    import par.old
    assert not hasattr(par.old, "__all__")
    assert getattr(par.old, "__all__", None) is None
    from par.old import *
    assert (Both, OnlyOld) == ("new", "old")
    """)


def test_t40_fallback_serves_just_the_lacking_names(case):
    case.rule("par.old", "par.canon", fallback="legacy")
    case.write("par/old.py", "class Shared: pass\nclass OnlyOld: pass\n")
    case.write("par/canon.py", "class Shared: pass\n")
    case.check("""
    import par.canon
    from par.old import Shared
    assert "OnlyOld" not in vars(par.canon)
    from par.old import OnlyOld, Shared as Again
    assert OnlyOld.__module__ == "par.old"
    assert Again is Shared is par.canon.Shared
    assert pickle.loads(pickle.dumps(OnlyOld)) is OnlyOld
    try:
        from par.old import Nowhere
    except ImportError:
        pass
    else:
        raise AssertionError
    """)
    assert ("fallback", "par.old:OnlyOld") in case.notices


@LAZY_IMPORTS
def test_t41_lazy_imports_run_the_hooks_at_first_use(case):
    case.rule("par.old", "new.sub")
    case.write(
        "lazy.py",
        "lazy from par.old import Y\nlazy import par.old as m\ndef f():\n    return Y, m\n",
    )
    case.check("""
    import lazy
    assert "new.sub" not in sys.modules
    Y, m = lazy.f()
    import new.sub
    assert Y is new.sub.Y
    """)
    assert sum(case.uses.values()) == 2


@LAZY_IMPORTS
def test_t41_lazy_names_of_canonical_are_not_reified(case):
    case.rule("par.old", "new.lazy")
    case.write("new/lazy.py", "lazy import colorsys\nZ = 1\n")
    case.check("""
    import par.old
    from par.old import Z
    assert "colorsys" not in sys.modules
    from par.old import colorsys
    assert colorsys.rgb_to_hsv
    """)


@LAZY_IMPORTS
def test_t41_an_attribute_of_an_alias_is_never_a_lazy_object(case):
    case.rule("par.old", "new.lazy")
    case.write("new/lazy.py", "lazy import colorsys\nlazy from colorsys import hsv_to_rgb\nZ = 1\n")
    case.check("""
    import par.old as m
    assert m.Z == 1
    assert "colorsys" not in sys.modules
    assert callable(m.hsv_to_rgb)
    assert isinstance(m.colorsys, types.ModuleType)
    assert isinstance(getattr(m, "colorsys"), types.ModuleType)
    """)


@LAZY_IMPORTS
@pytest.mark.parametrize("name", ["sub", "kept", "moved"])
def test_t41_a_package_loads_the_submodule_that_a_lazy_import_named(case, name):
    case.rule("old.*", "new.*")
    case.rule("old.kept", "new.kept", stage="observe")
    case.rule("old.moved", "elsewhere")
    case.write("old/kept.py", "class Y: pass\n")
    case.write("elsewhere.py", "class Y: pass\n")
    case.write("lazy.py", f"lazy import old.{name}\nlazy from old import {name} as again\n")
    case.write("asks.py", f"import old\ndef f():\n    return old.{name}.Y\n")
    case.check(f"""
    import lazy, asks
    assert not sys.modules.keys() & {{"old.kept", "new.sub", "elsewhere"}}
    Y = asks.f()
    assert lazy.old.{name}.Y is lazy.again.Y is Y is asks.f()
    import old
    assert not hasattr(old, "other")
    """)
    assert case.uses[f"old.{name}", f"return old.{name}.Y"] == 1
