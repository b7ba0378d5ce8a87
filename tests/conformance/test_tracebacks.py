"""What people read when something fails names their line, both paths, and nothing of ours."""

import pytest

SHOWN = """
def frames(act):
    try:
        act()
    except Exception as error:
        trace, found = error.__traceback__.tb_next.tb_next, []
        while trace is not None:
            code = trace.tb_frame.f_code
            assert "enforcer" not in code.co_filename, code
            if trace.tb_frame.f_globals["__name__"].startswith("enforcer."):
                found.append(code.co_name)
            trace = trace.tb_next
        return type(error).__name__, found
    raise AssertionError(act.__name__)
"""

STATEMENTS = """
def plain(): import a.old
def names(): from a.old import X
def package(): from a import old
def below(): import tree.sub
def submodule(): from tree import sub
def call(): __import__("a.old")
def stored(): pickle.loads(b"ca.old\\nX\\n.")
def removed(): import a.gone
def by_name(): importlib.import_module("a.old")
"""


@pytest.mark.parametrize("loaded", [False, True])
def test_a_refusal_ends_at_the_callers_line(case, loaded):
    """CPython takes the import system's frames out of a failed import, and ours with them.

    Where an attribute is read, the one frame that C called is left.
    """
    case.rule("a.old", "a.new", stage="strict")
    case.rule("tree.*", "new.*", stage="strict")
    case.rule("a.live:gone", "a.live:here", stage="strict")
    case.rule("a.gone", "a.new", stage="removed")
    case.tolerate(("a.old", "main.py", "load"), ("tree.sub", "main.py", "load"))
    case.write("a/__init__.py")
    case.write("a/new.py", "X = 1\n")
    case.write("a/live.py", "here = gone = 1\n")
    case.check(
        f"""{SHOWN}{STATEMENTS}
def load(): import a.old, tree.sub
def live():
    from a.live import gone
def read():
    import a.live
    a.live.gone
if {loaded}:
    load()
for act in (plain, names, below, submodule, call, stored, removed, package):
    kind, found = frames(act)
    assert kind == "LegacyImportError", (act.__name__, kind)
    assert len(found) <= (act is package), (act.__name__, found)
for act in (live, read, by_name):
    kind, found = frames(act)
    assert kind == "LegacyImportError" and len(found) <= 1, (act.__name__, found)
"""
    )


def test_a_name_that_is_nowhere_ends_at_the_callers_line(case):
    case.rule("a.old", "a.new")
    case.write("a/__init__.py")
    case.write("a/new.py", "X = 1\n")
    case.check(
        f"""{SHOWN}
def name(): from a.old import nope
def attribute():
    import a.old
    a.old.nope
for _ in range(3):
    for act in (name, attribute):
        kind, found = frames(act)
        assert len(found) <= 1, (act.__name__, found)
"""
    )


def test_an_error_of_the_program_keeps_its_traceback(case):
    """The canonical module's own frames are what its author needs."""
    case.rule("a.old", "a.new")
    case.write("a/__init__.py")
    case.write("a/new.py", "def load():\n    import nowhere\nload()\n")
    case.check("""
    import traceback
    try:
        import a.old
    except ImportError as error:
        names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names[-2:] == ["<module>", "load"], names
    """)


def test_the_words_of_a_canonical_getattr(case):
    """PEP 562: what it raises is what a caller reads, and it is asked once."""
    case.rule("a.old", "a.new")
    case.rule("a.classy", "a.classes")
    case.write("a/__init__.py")
    case.write(
        "a/new.py",
        """
        ASKED = []
        def __getattr__(name):
            if name.startswith("__"):
                raise AttributeError(name)
            ASKED.append(name)
            raise AttributeError(f"{name} went away in 3.0; read HISTORY")
        """,
    )
    case.write(
        "a/classes.py",
        """
        import sys, types
        ASKED = []
        class Own(types.ModuleType):
            def __getattr__(self, name):
                if name.startswith("__"):
                    raise AttributeError(name)
                ASKED.append(name)
                raise AttributeError(f"{name} went away in 3.0; read HISTORY")
        sys.modules[__name__].__class__ = Own
        """,
    )
    case.check("""
    import a.old, a.classy
    for module in (a.old, a.classy):
        for act in (lambda: module.nope, lambda: getattr(module, "nope")):
            module.ASKED.clear()
            try:
                act()
            except AttributeError as error:
                assert str(error) == "nope went away in 3.0; read HISTORY", error
            else:
                raise AssertionError
            assert module.ASKED == ["nope"], module.ASKED
    try:
        from a.old import nope
    except ImportError as error:
        assert "cannot import name 'nope' from 'a.old'" in str(error), error
        assert str(error.__cause__) == "nope went away in 3.0; read HISTORY"
    """)


@pytest.mark.parametrize(
    "held",
    [
        "import shop.old_cart as m",
        "from shop import old_cart as m",
        "m = importlib.import_module('shop.old_cart')",
        "from shop.old_cart import X; import shop.old_cart as m",
        "import shop; import shop.old_cart; m = shop.old_cart",
    ],
)
def test_a_missing_attribute_names_both_paths(case, held):
    """Whoever has the module in their hands; names that are only imported have their own error."""
    case.rule("shop.old_cart", "shop.new_cart")
    case.write("shop/__init__.py")
    case.write("shop/new_cart.py", "X = 1\n")
    case.check(f"""
    for _ in range(3):
        {held}
        try:
            m.nope
        except AttributeError as error:
            text = str(error)
        assert "shop.old_cart" in text and "shop.new_cart" in text and "'nope'" in text, text
        assert m.__class__ is types.ModuleType and m.X == 1
    """)


@pytest.mark.parametrize("options", [{"fallback": "legacy"}, {}])
def test_warnings_of_a_modules_body_point_at_the_caller(case, options):
    """`warnings.warn(stacklevel=2)` at a module's top passes over the import system, and over us."""
    case.rule("a.old", "a.new", **options)
    body = "import warnings\nwarnings.warn(f'{__name__} moved', DeprecationWarning, stacklevel=2)\n"
    case.write("a/__init__.py")
    case.write("a/old.py", f"{body}kept = 1\n")
    case.write("a/new.py", f"{body}X = 1\n")
    case.check(f"""
    import warnings
    def caught(act):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            act()
        return [(str(one.message), one.filename.endswith("main.py"), one.lineno) for one in found]
    def first(): from a.old import X
    def second(): from a.old import kept
    def attribute(): sys.modules["a.old"].kept
    found = caught(first)
    assert found == [("a.new moved", True, first.__code__.co_firstlineno)], found
    if {options!r}:
        found = caught(second)
        assert found == [("a.old moved", True, second.__code__.co_firstlineno)], found
        del sys.modules["a.new"], sys.modules["a"].new
        found = caught(attribute)
        assert found == [("a.new moved", True, attribute.__code__.co_firstlineno)], found
    """)


def test_a_call_without_a_key_ends_at_the_callers_line(case):
    """One frame is left where the error leaves the enforcer; the program's own ones stay."""
    case.instances("shop:Cart", "user")
    case.instances("shop:Outer", "user")
    case.instances("shop:get", "user")
    case.instances("shop:fetch", "user")
    case.write(
        "shop.py",
        """
        class Cart:
            def __init__(self, user=None): ...
        class Outer:
            def __init__(self, user): self.cart = Cart()
        def get(user=None): ...
        async def fetch(user=None): ...
        """,
    )
    case.check(
        """
    import shop, traceback
    def names(act):
        try:
            act()
        except Exception as error:
            assert type(error).__name__ == "InstanceError", repr(error)
            return [frame.name for frame in traceback.extract_tb(error.__traceback__)][1:]
    def fetch(): shop.fetch().send(None)
    def cart(): shop.Cart()
    def unhashable(): shop.Cart([])
    def get(): shop.get()
    def outer(): shop.Outer("me")
    assert names(cart) == ["cart", "__new__"], names(cart)
    assert names(unhashable) == ["unhashable", "__new__"]
    assert names(get) == ["get", "get", "hook"], names(get)
    assert names(fetch) == ["fetch", "_obtain"], names(fetch)
    assert names(outer)[-2:] == ["__init__", "__new__"], names(outer)
    """
    )
