"""What the standard library's tools see through an alias."""


def test_find_spec_describes_the_canonical_file(case):
    case.rule("old.*", "new.*")
    case.check("""
    spec = importlib.util.find_spec("old.sub")
    assert spec.origin.endswith("new/sub.py") and spec.has_location
    assert importlib.util.find_spec("old").submodule_search_locations
    import old.sub
    assert importlib.util.find_spec("old.sub").name == "old.sub"
    alias = sys.modules["old.sub"]
    assert alias.__spec__.name == "old.sub" and alias.__spec__ == getattr(alias, "__spec__")
    """)


def test_inspect_reads_the_canonical_source(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import inspect, oldtop
    assert inspect.getsource(oldtop) == "class Y: pass\\n"
    assert inspect.getfile(oldtop).endswith("new/sub.py")
    assert inspect.ismodule(oldtop)
    assert inspect.getsource(oldtop.Y) == "class Y: pass\\n"
    """)


def test_resources_and_data_of_the_canonical_package(case):
    case.rule("old.*", "new.*")
    case.write("new/data.txt", "data")
    case.check("""
    import importlib.resources, pkgutil
    assert (importlib.resources.files("old") / "data.txt").read_text() == "data"
    assert pkgutil.get_data("old", "data.txt") == b"data"
    import old
    assert (importlib.resources.files(old) / "data.txt").read_text() == "data"
    """)


def test_pkgutil_walks_an_aliased_package(case):
    case.rule("old.*", "new.*")
    case.check("""
    import old, pkgutil
    assert [info.name for info in pkgutil.walk_packages(old.__path__, "old.")] == ["old.sub"]
    assert pkgutil.resolve_name("old.sub:Y") is sys.modules["new.sub"].Y
    """)


def test_mock_patches_canonical_by_a_legacy_string(case):
    case.rule("old.*", "new.*")
    case.check("""
    from unittest import mock
    import new.sub
    def patched():
        with mock.patch("old.sub.Y", "P"):
            assert new.sub.Y == "P"
        with mock.patch.object(sys.modules["old.sub"], "Y", "Q"):
            assert new.sub.Y == "Q"
        with mock.patch("old.sub.extra", 1, create=True):
            assert new.sub.extra == 1
        assert not hasattr(new.sub, "extra")
    patched()
    assert isinstance(new.sub.Y, type)
    """)
    assert {row["function"] for row in case.rows} == {"patched"}


def test_setting_and_deleting_through_the_alias_changes_canonical(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import oldtop, new.sub
    oldtop.Z = 1
    assert new.sub.Z == 1
    del oldtop.Z
    assert not hasattr(new.sub, "Z")
    new.sub.W = 2
    assert oldtop.W == 2 and "W" in dir(oldtop)
    """)


def test_names_that_an_alias_does_not_have_are_those_a_module_does_not(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import oldtop, new.sub
    for name in ("__module__", "__mro__", "__firstlineno__", "__static_attributes__", "nothing"):
        assert hasattr(oldtop, name) == hasattr(new.sub, name), name
    assert oldtop.__annotations__ == new.sub.__annotations__
    assert oldtop.__doc__ is new.sub.__doc__
    assert repr(oldtop) == "<module 'oldtop', an alias of 'new.sub'>"
    """)


def test_doctest_and_typing_take_an_alias_for_a_module(case):
    case.rule("oldtop", "new.documented")
    case.write("new/documented.py", '"""\n>>> f()\n1\n"""\nx: int = 1\ndef f(): return 1\n')
    case.check("""
    import doctest, typing, oldtop
    assert doctest.testmod(oldtop).attempted == 1
    assert typing.get_type_hints(oldtop) == {"x": int}
    """)


def test_an_alias_below_a_real_package_with_its_own_hooks(case):
    """A package that resolves names by its own __getattr__ keeps doing so."""
    case.rule("hooked.old", "new.sub")
    case.write(
        "hooked/__init__.py",
        "def __getattr__(name):\n    if name == 'made': return 1\n    raise AttributeError(name)\n",
    )
    case.check("""
    import hooked.old
    assert hooked.made == 1
    from hooked import made, old
    try:
        hooked.nothing
    except AttributeError as error:
        assert str(error) == "nothing"
    """)


def test_missing_attributes_of_a_watched_package_fail_in_pythons_words(case):
    case.rule("par.old", "new.sub")
    case.check("""
    import par.old
    try:
        par.nothing
    except AttributeError as error:
        assert str(error) == "module 'par' has no attribute 'nothing'", error
    """)
