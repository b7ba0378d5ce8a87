"""Observe modules without a difference that any tool of the program could meet."""

import sys

import pytest

BY_SPEC = sys.version_info >= (3, 12)
"""Whether observed modules are watched by the class of their spec, and keep their own."""


@pytest.fixture
def observed(case):
    """Give a case where ``pkg.old`` is observed, in a package that lives on."""
    case.rule("pkg.old", "pkg.new", stage="observe")
    case.write("pkg/__init__.py", "TOP = 1\n")
    case.write("pkg/old.py", "def f(x): return x + 1\n")
    case.write("pkg/new.py", "def f(x): return x + 1\n")
    return case


# The type, as tools see it.


@pytest.mark.skipif(not BY_SPEC, reason="up to 3.11 an observed module gets a class of its own")
def test_an_observed_module_keeps_its_type(observed):
    """So do the dictionary and the spec that it shows."""
    observed.check("""
    import importlib.machinery, pkg.old
    assert type(pkg.old) is types.ModuleType
    spec = vars(pkg.old)["__spec__"]
    assert pkg.old.__spec__ is spec and vars(spec)["_initializing"] is False
    assert isinstance(spec, importlib.machinery.ModuleSpec)
    assert repr(spec).startswith("ModuleSpec(name='pkg.old'")
    """)


def test_the_class_of_an_observed_module_is_the_one_it_had(observed):
    """Who writes on it writes on the class that the module defined (six does)."""
    observed.write(
        "pkg/old.py",
        """
        import sys, types

        class Lazy:
            def __get__(self, module, kind):
                delattr(module.__class__, "late")
                return "lazy"

        class Own(types.ModuleType):
            late = Lazy()

        sys.modules[__name__].__class__ = Own
        """,
    )
    observed.check("""
    import pkg.old
    module = sys.modules["pkg.old"]
    kind = module.Own
    assert module.__class__ is kind and module.late == "lazy"
    assert not hasattr(module, "late") and "late" not in vars(kind)
    import pkg.old
    """)
    assert sum(observed.uses.values()) == 2


def test_specs_are_pickled_and_copied_as_ever(observed):
    """The class of a spec is found by its name, so a copy has the ordinary one."""
    observed.check("""
    import copy
    import pkg.old, pkg.new
    plain = type(pkg.new.__spec__)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        try:
            pickle.dumps(pkg.new.__spec__, protocol)
        except (TypeError, pickle.PicklingError) as refused:
            with_ours = None
            try:
                pickle.dumps(pkg.old.__spec__, protocol)
            except type(refused) as again:
                with_ours = again
            assert str(with_ours) == str(refused)
        else:
            again = pickle.loads(pickle.dumps(pkg.old.__spec__, protocol))
            assert type(again) is plain and again.name == "pkg.old"
    assert type(copy.copy(pkg.old.__spec__)) is plain
    """)


def test_an_observed_module_hides_a_name_of_its_package(observed):
    """The import system sets it on its package, whatever was there."""
    observed.write("pkg/__init__.py", "old = 'a name'\n")
    observed.check("""
    from pkg import old
    assert old == "a name"
    import pkg.old as old
    assert old.f(1) == 2 and old is sys.modules["pkg.old"]
    """)
    assert observed.uses == {("pkg.old", "import pkg.old as old"): 1}


# Pickling.

PICKLED = """
import {module} as module
try:
    pickle.dumps(module)
except TypeError as error:
    assert str(error) == "cannot pickle 'module' object", error
else:
    raise AssertionError("a plain module is not pickled")

import copyreg

def reduce(module):
    return importlib.import_module, (module.__name__,)

copyreg.pickle(types.ModuleType, reduce)
assert pickle.loads(pickle.dumps(module)) is module
"""


@pytest.mark.parametrize("module", ["pkg.old", "pkg", "pkg.live"])
def test_copyreg_reducers_of_modules_are_used(observed, module):
    """A module that is watched, however, is pickled by what the program registered."""
    observed.rule("pkg.live:old", "pkg.live:new")
    observed.write("pkg/live.py", "new = 1\n")
    observed.check("import pkg.old, pkg.live" + PICKLED.format(module=module))


# Modules whose class refuses.

REFUSING = """
import sys, types

class Refused(AttributeError): pass

class Own(types.ModuleType):
    {refusal}

sys.modules[__name__].__class__ = Own
"""
REFUSALS = {
    "setattr": "def __setattr__(self, name, value): raise Refused(name)",
    "delattr": "def __delattr__(self, name): raise Refused(name)",
    "class": "__class__ = property(lambda self: Own, lambda self, value: 1 / 0)",
    "getattribute": (
        "def __getattribute__(self, name):\n"
        "        if name in ('__dict__', '__class__', '__name__'): raise Refused(name)\n"
        "        return super().__getattribute__(name)"
    ),
    "dir": "def __dir__(self): raise Refused('dir')",
    "subclass": "def __init_subclass__(cls, **options): raise Refused('subclass')",
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_an_observed_module_whose_class_refuses(observed, refusal):
    """It works as it would; each use is seen, or a blind notice says which are not."""
    observed.write("pkg/old.py", REFUSING.format(refusal=REFUSALS[refusal]) + "X = 1\n")
    observed.check("""
    for _ in range(3):
        import pkg.old
        from pkg.old import X
        importlib.import_module("pkg.old")
    """)
    assert sum(observed.uses.values()) == 9 or ("blind", "pkg.old") in observed.notices
    if refusal != "subclass":
        assert sum(observed.uses.values()) == 9


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_package_whose_class_refuses(observed, refusal):
    """So does a package with a legacy child."""
    observed.rule("pkg.alias", "pkg.new")
    body = REFUSING.format(refusal=REFUSALS[refusal])
    observed.write("pkg/__init__.py", body)
    observed.check("""
    import warnings
    warnings.simplefilter("ignore", ImportWarning)  # a package that takes no child
    for _ in range(2):
        from pkg.old import f
        from pkg import old as seen
        import pkg.alias, pkg.new
        new = sys.modules["pkg.new"]
        assert sys.modules["pkg.alias"].f is new.f and seen.f is f
    """)
    uses = sum(observed.uses.values())
    assert uses == 6 or (uses >= 3 and ("blind", "pkg.old") in observed.notices)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_live_module_whose_class_refuses(observed, refusal):
    """And so does a module with a legacy name."""
    observed.rule("pkg.live:old", "pkg.live:new")
    observed.write("pkg/live.py", REFUSING.format(refusal=REFUSALS[refusal]) + "new = old = 1\n")
    observed.check("""
    from pkg.live import old
    assert sys.modules["pkg.live"].old == 1
    """)
    assert sum(observed.uses.values()) == 2 or ("blind", "pkg.live") in observed.notices


def test_a_class_with_its_own_look_ups_keeps_them(observed):
    """A package's class may answer for names that are nowhere."""
    observed.write(
        "pkg/__init__.py",
        """
        import sys, types

        class Own(types.ModuleType):
            def __getattr__(self, name):
                if name.startswith("__"):
                    raise AttributeError(name)
                return "answered " + name

        sys.modules[__name__].__class__ = Own
        """,
    )
    observed.check("""
    import pkg.old, pkg
    assert pkg.anything == "answered anything" and pkg.old.f(1) == 2
    """)


# One module under several names.


@pytest.fixture
def shared(case):
    """Give a case where two observed modules put the canonical one in their place."""
    for name in ("old1", "old2"):
        case.rule(f"a.{name}", "a.new", stage="observe")
        case.write(
            f"a/{name}.py",
            "import sys\nfrom a import new\nsys.modules[__name__] = new\n",
        )
    case.write("a/__init__.py")
    case.write("a/new.py", "class X: pass\nclass __name: pass\n")
    return case


def test_the_name_that_was_asked_for_decides(shared):
    """Each form counts for the path that it names, and a canonical one for none."""
    shared.check("""
    import a.new
    for _ in range(3):
        import a.old1
        import a.old2 as two
        from a.old1 import X
        from a.old2 import X as Y
        from a import old1
        from a import old2
        importlib.import_module("a.old1")
        importlib.import_module("a.old2")
        __import__("a.old1")
        __import__("a.old2", fromlist=["X"])
        import a.new
        import a.new as m
        from a.new import X
        importlib.import_module("a.new")
        __import__("a.new")
        pickle.loads(b"ca.new\\nX\\n.")
        pickle.loads(b"ca.old2\\nX\\n.")
        for name in ("a.old1", "a.new", "a.old2"):
            importlib.import_module(name)
    assert sys.modules["a.old1"] is sys.modules["a.old2"] is a.new
    """)
    assert shared.uses == {
        ("a.old1", "import a.old1"): 3,
        ("a.old2", "import a.old2 as two"): 3,
        ("a.old1", "from a.old1 import X"): 3,
        ("a.old2", "from a.old2 import X as Y"): 3,
        ("a.old1", "from a import old1"): 3,
        ("a.old2", "from a import old2"): 3,
        ("a.old1", 'importlib.import_module("a.old1")'): 3,
        ("a.old2", 'importlib.import_module("a.old2")'): 3,
        ("a.old1", '__import__("a.old1")'): 3,
        ("a.old2", '__import__("a.old2", fromlist=["X"])'): 3,
        ("a.old2", 'pickle.loads(b"ca.old2\\nX\\n.")'): 3,
        ("a.old1", "importlib.import_module(name)"): 3,
        ("a.old2", "importlib.import_module(name)"): 3,
    }


def test_a_module_that_a_loader_takes_from_elsewhere(case):
    """As six does: the spec of ``moves.queue`` becomes that of ``queue``."""
    case.rule("moves.*", "elsewhere.*", stage="observe")
    case.write(
        "moves/__init__.py",
        """
        import importlib, sys
        from importlib.machinery import ModuleSpec

        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name.startswith("moves."):
                    return ModuleSpec(name, self)

            def create_module(self, spec):
                return importlib.import_module(spec.name.partition(".")[2])

            def exec_module(self, module):
                pass

        sys.meta_path.append(Finder())
        __path__ = []
        """,
    )
    case.check("""
    import queue
    for _ in range(2):
        import moves.queue
        importlib.import_module("queue")
        importlib.import_module("moves.queue")
        import queue
        from queue import Queue
        __import__("queue")
    assert sys.modules["moves.queue"] is queue
    """)
    assert case.uses == {
        ("moves.queue", "import moves.queue"): 2,
        ("moves.queue", 'importlib.import_module("moves.queue")'): 2,
    }


def test_modules_that_share_a_spec(case):
    """One that replaced itself by an object with the same spec, and one that copied it."""
    case.rule("a.old", "a.new", stage="observe")
    case.write(
        "a/old.py",
        """
        import sys, types
        module = types.ModuleType(__name__)
        module.__spec__ = __spec__
        module.X = 1
        other = sys.modules["a.other"] = types.ModuleType("a.other")
        other.__spec__ = __spec__
        sys.modules[__name__] = module
        """,
    )
    case.write("a/__init__.py")
    case.check("""
    for _ in range(3):
        import a.old
        import a.other
        from a.old import X
        importlib.import_module("a.other")
    """)
    assert case.uses == {("a.old", "import a.old"): 3, ("a.old", "from a.old import X"): 3}


# Missing dunders, and reloads.


def test_what_a_plain_module_raises(observed):
    """A module without a spec says so in the same words, and can be reloaded."""
    observed.check(
        """
    import pkg.old, pkg.new
    old, new = sys.modules["pkg.old"], pkg.new

    def outcome(call, *arguments):
        try:
            return call(*arguments)
        except Exception as error:
            return type(error), str(error).replace("pkg.old", "pkg.new")

    for module in (old, new):
        vars(module).pop("__spec__")
    assert not hasattr(old, "__spec__") and getattr(old, "__spec__", 7) == 7
    for call in (getattr, delattr):
        expected = outcome(call, new, "__spec__")
        assert outcome(call, old, "__spec__") == expected, (call, expected)
    assert outcome(lambda module: module.__spec__, old) == outcome(
        lambda module: module.__spec__, new
    )
    assert importlib.reload(old) is old
    import pkg.old
    """,
        guard=False,
    )
    assert observed.uses == {
        ("pkg.old", "import pkg.old, pkg.new"): 1,
        ("pkg.old", "import pkg.old"): 1,
    }


def test_a_reloaded_module_is_observed(observed):
    """A reload gives the module another spec."""
    observed.check("""
    import pkg.old
    for _ in range(3):
        importlib.reload(sys.modules["pkg.old"])
        import pkg.old as m
        from pkg.old import f
        vars(m).clear()
        vars(m).update(__name__="pkg.old")
        importlib.reload(m)
        importlib.import_module("pkg.old")
    """)
    assert observed.uses == {
        ("pkg.old", "import pkg.old"): 1,
        ("pkg.old", "import pkg.old as m"): 3,
        ("pkg.old", "from pkg.old import f"): 3,
        ("pkg.old", 'importlib.import_module("pkg.old")'): 3,
    }


def test_specs_of_other_kinds(case):
    """A spec that is None, or no ModuleSpec, or takes no other class."""
    case.rule("pkg.*", "other.*", stage="observe")
    case.write("pkg/__init__.py")
    for name, spec in {
        "none": "None",
        "simple": "__import__('types').SimpleNamespace(name='pkg.simple', parent='pkg')",
        "frozen": "Frozen('pkg.frozen', None)",
    }.items():
        case.write(
            f"pkg/{name}.py",
            f"""
            from importlib.machinery import ModuleSpec

            class Frozen(ModuleSpec):
                __class__ = property(lambda self: Frozen)
                def __init_subclass__(cls): raise RuntimeError
            __spec__ = {spec}
            """,
        )
    case.check("""
    for _ in range(3):
        import pkg.none
        import pkg.simple as s
        import pkg.frozen as f
        importlib.import_module("pkg.none")
        __import__("pkg.simple")
    """)
    assert set(case.uses.values()) == {3}
    assert len(case.uses) == 5


# Who only misses a name.


def test_missing_names_are_no_uses(observed):
    """C asks whether a module is being executed for the sake of a message, too."""
    observed.check("""
    import operator
    import pkg.old
    module = sys.modules["pkg.old"]

    def misses(call):
        for _ in range(3):
            try:
                call(module)
            except AttributeError as error:
                assert "nope" in str(error)
            else:
                raise AssertionError(call)

    misses(lambda module: module.nope)
    misses(lambda module: getattr(module, "nope"))
    misses(operator.attrgetter("nope"))
    misses(lambda module: list(map(getattr, [module], ["nope"])))
    misses(lambda module: "{0.nope}".format(module))
    assert not hasattr(module, "nope") and getattr(module, "nope", 1) == 1
    match module:
        case types.ModuleType(nope=1):
            raise AssertionError
    try:
        from pkg.old import nope
    except ImportError:
        pass
    """)
    assert observed.uses == {
        ("pkg.old", "import pkg.old"): 1,
        ("pkg.old", "from pkg.old import nope"): 1,
    }


def test_missing_names_are_not_refused(case):
    """A strict module whose own code answers refuses imports only."""
    case.rule("a.old", "a.new", stage="strict", implementation=True)
    case.write("a/__init__.py")
    case.write("a/new.py", "from a.old import X\n")
    case.write("a/old.py", "X = 1\n")
    case.check("""
    import enforcer, operator
    import a.new
    module = sys.modules["a.old"]
    for _ in range(2):
        assert not hasattr(module, "nope")
        for miss in (operator.attrgetter("nope"), lambda module: module.nope):
            try:
                miss(module)
            except AttributeError:
                pass
        for refused in (
            lambda: __import__("a.old"),
            lambda: importlib.import_module("a.old"),
            lambda: pickle.loads(b"ca.old\\nX\\n."),
            lambda: exec("import a.old"),
        ):
            try:
                refused()
            except enforcer.LegacyImportError:
                pass
            else:
                raise AssertionError(refused)
        import a.new
    """)
    assert sum(case.uses.values()) == 8


def test_imports_by_c_while_another_thread_reloads(observed):
    """A lock is asked for to learn the path; nobody has to wait for it."""
    observed.write(
        "pkg/old.py",
        """
        import threading

        class X: pass

        def load():
            import pickle
            pickle.loads(b"cpkg.old\\nX\\n.")

        if "again" in globals():
            thread = threading.Thread(target=load)
            thread.start()
            thread.join()
        again = True
        """,
    )
    observed.check("""
    import pkg.old
    importlib.reload(sys.modules["pkg.old"])
    """)
    assert sum(observed.uses.values()) == 2


@pytest.mark.parametrize("stage", ["observe", "alias"])
def test_a_property_in_c_that_imports(observed, stage):
    """From 3.12 on it looks like the message of a missing attribute (a known limit)."""
    observed.write("pkg/other.py")
    observed.rule("pkg.other", "pkg.new", stage=stage)
    observed.check("""
    import functools
    import pkg.other

    load = functools.partial(__import__, "pkg.other")  # a property passes the instance as globals

    class Lazy:
        read = property(load)

    assert all(Lazy().read for _ in range(3))
    for _ in range(3):
        load()
    """)
    is_seen = stage == "alias" or not BY_SPEC
    assert sum(observed.uses.values()) == 1 + 3 + 3 * is_seen
