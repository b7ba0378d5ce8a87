"""Whatever may be done to an ordinary loader, spec or module may be done to an alias's."""

import pytest

# What tracers, profilers, coverage tools and other import hooks do. Each entry is a function of
# a module `m`, its spec `s`, its loader `l`, and returns what can be compared.
ACTS = '''
import copy, pickle, inspect, weakref, importlib.abc, importlib.machinery
from unittest import mock

def told(value, names):
    """Describe a value without the names in which the two modules differ."""
    text = value if isinstance(value, str) else repr(value)
    for name in names:
        text = text.replace(name, "NAME")
    return text

def wrapped_get_code(m, s, l):
    original = l.get_code
    calls = []
    def get_code(self, name):
        calls.append(1)
        return original(name)
    l.get_code = get_code.__get__(l, type(l))
    code = l.get_code(s.name)
    del l.get_code
    return len(calls), code.co_name, l.get_code(s.name) is not None, len(calls)

def every_method_replaced(m, s, l):
    seen = []
    for name in ("exec_module", "create_module", "get_code", "get_source", "get_data", "is_package",
                 "get_filename", "get_resource_reader", "source_to_code", "path_stats", "set_data"):
        setattr(l, name, lambda *arguments, name=name: name)
        seen.append(getattr(l, name)())
    for name in list(vars(l)):
        if name not in ("name", "path"):
            delattr(l, name)
    return seen, callable(l.exec_module), callable(l.get_source)

def own_attributes(m, s, l):
    for one in (l, s):
        one.traced = [1]
        one.traced.append(2)
    try:
        return l.traced, s.traced, vars(l)["traced"], vars(s)["traced"]
    finally:
        del l.traced, s.traced

def unknown_attributes(m, s, l):
    found = []
    for one in (l, s):
        for act in (lambda: one.nothing, lambda: delattr(one, "nothing")):
            try:
                act()
            except Exception as error:
                found.append(type(error).__name__)
    return found, hasattr(l, "nothing"), getattr(s, "nothing", 0)

def what_it_has(m, s, l):
    names = [name for kind in (importlib.abc.SourceLoader, importlib.abc.ResourceLoader,
             importlib.machinery.SourceFileLoader, importlib.machinery.NamespaceLoader,
             importlib.machinery.ExtensionFileLoader)
             for name in dir(kind) if not name.startswith("_")]
    return [name for name in sorted({*names, "archive", "prefix", "_files"}) if hasattr(l, name)]

def asked_by_name(m, s, l):
    found = []
    for name in ("get_source", "get_filename", "is_package", "get_code", "get_resource_reader"):
        for act in (lambda: getattr(l, name)(s.name), lambda: getattr(l, name)(fullname=s.name)):
            try:
                found.append(type(act()).__name__)
            except Exception as error:
                found.append(type(error).__name__)
    try:
        l.get_source("something.else")
    except Exception as error:
        found.append(type(error).__name__)
    return found

def own_name(m, s, l):
    return l.name == s.name == s.loader.name, l.path == s.origin == m.__file__

def classes(m, s, l):
    kinds = (importlib.machinery.SourceFileLoader, importlib.abc.InspectLoader, importlib.abc.Loader,
             importlib.abc.ExecutionLoader, importlib.machinery.ExtensionFileLoader, type)
    return [isinstance(l, kind) for kind in kinds], isinstance(s, importlib.machinery.ModuleSpec), \
        isinstance(m, type(sys)), l.__class__.__name__, s.__class__.__name__, l.__module__

def another_class(m, s, l):
    class Traced(importlib.machinery.SourceFileLoader):
        pass
    kind = l.__class__
    l.__class__ = Traced
    try:
        return isinstance(l, Traced), l.__class__ is Traced
    finally:
        l.__class__ = kind

def another_class_of_the_spec(m, s, l):
    kind = s.__class__
    class Traced(kind):
        pass
    s.__class__ = Traced
    try:
        return isinstance(s, Traced), s.name == m.__spec__.name
    finally:
        s.__class__ = kind

def equality(m, s, l):
    again = importlib.util.find_spec(s.name)
    return s == again, l == again.loader, l != again.loader, hash(l) == hash(again.loader), \
        l == 1, s == importlib.util.find_spec("json"), l in [l], len({l, again.loader}), \
        l == importlib.util.find_spec("json").loader

def copies(m, s, l):
    l.traced = ["x"]
    found = []
    for made in (copy.copy(l), copy.deepcopy(l)):
        found += [made == l, made.traced, made.traced is l.traced, made.get_source(s.name) == l.get_source(s.name)]
    del l.traced
    for made in (copy.copy(s), copy.deepcopy(s)):
        found += [made.name == s.name, made.origin == s.origin, made.loader is s.loader, type(made).__name__,
                  bool(made._initializing)]
    return found

def pickles(m, s, l):
    found = []
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        made = pickle.loads(pickle.dumps(l, protocol))
        found += [type(made).__name__, made.path == l.path]
        made = pickle.loads(pickle.dumps(s, protocol))
        found += [type(made).__name__, made.name == s.name, made.origin == s.origin]
    return found

def representations(m, s, l):
    return repr(s).partition("(")[0], "name=" in repr(s), "origin=" in repr(s), str(s) == repr(s), repr(l)[0]

def every_field_of_the_spec(m, s, l):
    kept = {name: getattr(s, name) for name in ("name", "loader", "origin", "submodule_search_locations",
                                                "loader_state", "cached", "has_location")}
    written = {"name": "x", "loader": 1, "origin": "y", "submodule_search_locations": ["z"],
               "loader_state": {}, "cached": "c", "has_location": False}
    found = []
    for name, value in written.items():
        setattr(s, name, value)
        found.append(getattr(s, name))
    for name, value in kept.items():
        setattr(s, name, value)
    return found, s.parent.count("."), s.name in sys.modules

def a_spec_got_by_getattr(m, s, l):
    got = getattr(m, "__spec__")
    got.loader, got.traced = "traced", 1
    try:
        return m.__spec__.loader, m.__spec__.traced, getattr(m, "__spec__").traced, got == m.__spec__, \
            type(pickle.loads(pickle.dumps(copy.copy(getattr(m, "__spec__"))))).__name__
    finally:
        m.__spec__.loader = l
        del m.__spec__.traced

def weak(m, s, l):
    return weakref.ref(l)() is l, weakref.ref(s)() is s, weakref.ref(m)() is m

def patched(m, s, l):
    found = []
    with mock.patch.object(l, "get_source", return_value="patched"):
        found.append(l.get_source(s.name))
    with mock.patch.object(l, "path", "elsewhere"):
        found.append(l.path)
    with mock.patch.object(l, "exec_module"):
        found.append(type(l.exec_module).__name__)
    with mock.patch.object(s, "origin", "elsewhere"):
        found.append(s.origin)
    with mock.patch.object(s, "loader"):
        found.append(type(s.loader).__name__)
    return found, "patched" in l.get_source(s.name), l.path == s.origin, callable(l.exec_module)

def dictionaries(m, s, l):
    vars(l).update(traced=1)
    vars(s).update(traced=2)
    found = l.traced, s.traced
    vars(l).pop("traced")
    vars(s).pop("traced")
    return found, hasattr(l, "traced"), "name" in vars(s), "origin" in vars(s)

def on_the_module(m, s, l):
    m.traced = 1
    m.__traced__ = 2
    found = [m.traced, m.__traced__, vars(m)["traced"], "traced" in dir(m)]
    del m.traced, m.__traced__
    for name in ("__loader__", "__spec__", "__file__", "__package__", "__cached__", "__path__"):
        if hasattr(m, name):
            value = getattr(m, name)
            setattr(m, name, value)
            found.append(getattr(m, name) == value)
    for act in (lambda: setattr(m, "__dict__", {}), lambda: delattr(m, "nothing"), lambda: m.nothing):
        try:
            act()
            found.append("nothing raised")
        except Exception as error:
            found.append(type(error).__name__)
    return found

def inspected(m, s, l):
    return inspect.getsource(m) == l.get_source(s.name), inspect.getfile(m) == l.path, \
        inspect.getmodule(m.f).__name__.rpartition(".")[2] is not None, \
        [callable(value) for name, value in inspect.getmembers(l) if name.startswith("get_")]

def by_the_old_protocol(m, s, l):
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not hasattr(l, "load_module"):
            return None
        return l.load_module(s.name).f() == 1, s.name in sys.modules

def reloaded_after_all(m, s, l):
    l.get_code = l.get_code
    done = importlib.reload(m)
    del l.get_code
    return done is m, m.f()
'''

NAMES = [line[4:].partition("(")[0] for line in ACTS.splitlines() if "(m, s, l):" in line]


@pytest.mark.parametrize("stage", ["alias", "observe"])
@pytest.mark.parametrize("package", [False, True])
def test_an_alias_takes_what_a_plain_module_takes(case, stage, package):
    """Each act has the same outcome on a module that no rule speaks of."""
    case.rule("par.old", "par.moved", stage=stage)
    names = ("old", "moved", "plain")
    for name in names:
        case.write(
            f"par/{name}/__init__.py" if package else f"par/{name}.py",
            "# patched\ndef f(): return 1\n",
        )
    case.write("acts.py", f"import importlib.util, sys\n{ACTS}\nNAMES = {NAMES!r}\n")
    case.check("""
    import acts
    def outcomes(path):
        found = {}
        for name in acts.NAMES:
            m = importlib.import_module(path)
            try:
                value = getattr(acts, name)(m, m.__spec__, m.__spec__.loader)
            except Exception as error:
                value = error
            found[name] = acts.told(value, (path, path.rpartition(".")[2], "par.moved"))
        return found
    plain, ours = outcomes("par.plain"), outcomes("par.old")
    different = {name: (plain[name], ours[name]) for name in plain if plain[name] != ours[name]}
    assert not different, "\\n".join(f"{name}: {one}\\n   not {two}" for name, (one, two) in different.items())
    import par.moved
    assert not [name for name in vars(par.moved.__spec__.loader) if name not in ("name", "path")]
    """)


def test_resources_of_a_namespace_package_whose_alias_came_first(case):
    """A namespace package gets its loader when it is loaded; the alias has it then, too."""
    case.rule("oldns.*", "newns.*")
    case.write("newns/data.txt", "data")
    case.write("newns/deep/more.txt", "more")
    case.check("""
    import importlib.resources
    spec = importlib.util.find_spec("oldns")
    assert "newns" not in sys.modules
    assert not spec.loader.get_source("oldns") and spec.loader.is_package("oldns")
    assert (importlib.resources.files("oldns") / "data.txt").read_text() == "data"
    assert (importlib.resources.files("oldns.deep") / "more.txt").read_text() == "more"
    import oldns
    assert (importlib.resources.files(oldns) / "data.txt").read_text() == "data"
    """)


KINDS = {
    "source": "new.sub",
    "package": "new",
    "namespace": "newns",
    "zipped package": "zipped",
    "zipped module": "zipped.inside",
    "built-in": "_imp",
    "frozen": "zipimport",
    "bytes": "compiled",
}


@pytest.mark.parametrize("canonical", KINDS.values(), ids=KINDS)
def test_the_loader_of_an_alias_has_what_the_canonical_loader_has(case, canonical):
    """hasattr() and isinstance() are asked before a loader is used, and must not be told more."""
    case.rule("legacy", canonical)
    case.write("newns/data.txt", "data")
    case.check(f"""
    import importlib.abc, importlib.machinery, inspect, py_compile, zipfile, zipimport
    with zipfile.ZipFile("z.zip", "w") as file:
        file.writestr("zipped/__init__.py", "x = 1")
        file.writestr("zipped/inside.py", "x = 2")
        file.writestr("zipped/data.txt", "data")
    open("source.py", "w").write("x = 3")
    py_compile.compile("source.py", "compiled.pyc")
    sys.path.append("z.zip")
    importlib.invalidate_caches()
    KINDS = [kind for module in (importlib.abc, importlib.machinery, zipimport)
             for kind in vars(module).values() if isinstance(kind, type)]
    def shape(loader):
        names = {{name for kind in KINDS for name in dir(kind) if not name.startswith("_")}}
        names |= {{"archive", "prefix", "_files", "name", "path"}}
        has = {{name for name in names if hasattr(loader, name)}}
        if isinstance(loader, type):
            return has, "a class"
        return has, [kind for kind in KINDS if isinstance(loader, kind)]
    before = importlib.util.find_spec("legacy").loader
    import legacy
    module = importlib.import_module({canonical!r})
    for loader in (before, legacy.__spec__.loader):
        has, kinds = shape(loader)
        wanted = shape(module.__spec__.loader)
        assert has == wanted[0], has ^ wanted[0]
        assert wanted[1] == "a class" or kinds == wanted[1], (kinds, wanted)
        for name in ("get_source", "get_code", "is_package", "get_filename"):
            if name in has:
                assert getattr(loader, name)("legacy") == getattr(module.__spec__.loader, name)(module.__name__)
    """)


def test_an_alias_that_is_made_anew_shows_nothing_of_a_canonical_module_that_is_gone(case):
    """Tests clear ``sys.modules``: what is loaded then is new, and so is what the alias shows."""
    case.rule("par.old", "new.sub")
    case.check("""
    import par.old as first

    def made_anew():
        del sys.modules["par.old"]
        return importlib.util.module_from_spec(importlib.util.find_spec("par.old"))

    before = first.Y
    assert vars(made_anew()) is vars(sys.modules["new.sub"])
    import par.old
    del sys.modules["new.sub"]
    again = made_anew()
    assert "Y" not in vars(again)
    assert again.Y is not before
    assert again.Y is sys.modules["new.sub"].Y
    """)
