"""What random programs found (test_model.py), shrunk to one program each."""


def test_an_observed_package_that_calls_import_for_its_child_is_not_counted_itself(case):
    """C reads the package's spec once more, to give it."""
    case.rule("old.*", "new.*", stage="observe")
    case.write(
        "old/__init__.py", "__import__('old.a')\nimport pickle\npickle.loads(b'cold.b\\nK\\n.')\n"
    )
    case.write("old/a.py", "__import__('old.a')\n")
    case.write("old/b.py", "K = 1\n")
    case.check("import old.a")
    assert case.uses == {
        ("old.a", "import old.a"): 1,
        ("old.a", "__import__('old.a')"): 2,
        ("old.b", "pickle.loads(b'cold.b\\nK\\n.')"): 1,
    }


def test_a_child_that_imports_itself_by_c_code_counts_no_package(case):
    """The imports further out end after its own, and are noted for frames of their own."""
    case.rule("old.*", "new.*")
    case.rule("par.old", "new.p.q")
    case.write("new/__init__.py", "import par.old as m\n")
    case.write("new/p/__init__.py")
    case.write("new/p/q.py", "K = 1\nimport pickle\npickle.loads(b'cold.p.q\\nK\\n.')\n")
    case.check("from old.p import q")
    assert case.uses == {
        ("old.p.q", "from old.p import q"): 1,
        ("par.old", "import par.old as m"): 1,
        ("old.p.q", "pickle.loads(b'cold.p.q\\nK\\n.')"): 1,
    }


def test_an_observed_module_that_imports_itself_counts_once(case):
    """`import old.a as m` looks for `a` in the package, and then in sys.modules."""
    case.rule("old.*", "new.*", stage="observe")
    case.write("old/__init__.py")
    case.write("old/a.py", "import old.a as m\n")
    case.check("import old.a")
    assert case.uses == {("old.a", "import old.a"): 1, ("old.a", "import old.a as m"): 1}


def test_a_name_missing_from_a_module_that_is_executed_is_an_honest_import_error(case):
    case.rule("old.*", "new.*")
    case.write(
        "new/a.py",
        """
        try:
            from old.a import Later
        except ImportError as error:
            FOUND = str(error), error.name, error.path
        class Later: pass
        """,
    )
    case.check("""
    import new.a
    text, name, path = new.a.FOUND
    assert "circular" in text and name == "old.a" and path == new.a.__file__, new.a.FOUND
    """)


def test_a_name_missing_at_the_first_import_is_an_honest_import_error_later_too(case):
    case.rule("par.old", "new.sub", names={"renamed": "Gone"})
    case.check("""
    def ask(name):
        try:
            exec(f"from par.old import {name}")
        except ImportError as error:
            assert error.path == sys.modules["new.sub"].__file__, (name, error.path)
        else:
            raise AssertionError
    ask("Missing")
    from par.old import Y
    for _ in range(2):
        ask("Missing")
        ask("renamed")
    """)


def test_a_star_import_leaves_out_renamed_names_that_lack_their_new_one(case):
    case.rule("par.old", "new.sub", names={"renamed": "Gone", "Old": "Y"})
    case.check("""
    from par.old import *
    assert Old is Y and "renamed" not in globals()
    """)


def test_an_import_that_is_overtaken_by_its_package_counts(case):
    """The package's body puts the alias of the module in place that is being imported."""
    case.rule("par.old", "new")
    case.write("par/__init__.py", "from par.old import sub\n")
    case.check("__import__('par.old.sub', fromlist=['Y'])")
    assert case.uses == {
        ("par.old.sub", "from par.old import sub"): 1,
        ("par.old.sub", "__import__('par.old.sub', fromlist=['Y'])"): 1,
    }


def test_an_import_call_around_another_one_of_the_same_module_counts_once(case):
    case.rule("par.old", "new.b")
    case.write("new/__init__.py", "import importlib\nimportlib.import_module('par.old')\n")
    case.write("new/b.py", "K = 1\nfrom par.old import K\n")
    case.check("import par.old")
    assert case.uses == {
        ("par.old", "import par.old"): 1,
        ("par.old", "importlib.import_module('par.old')"): 1,
        ("par.old", "from par.old import K"): 1,
    }


def test_a_package_loaded_anew_for_a_call_that_imports_its_child_is_not_counted(case):
    case.rule("old.*", "new.*")
    case.check("""
    def ask():
        __import__("old.sub")
    ask()
    del sys.modules["old"]
    ask()
    """)
    assert case.uses == {("old.sub", '__import__("old.sub")'): 2}


def test_a_canonical_package_that_failed_once_is_imported_for_one_use_at_a_time(case):
    case.rule("old.*", "new.*")
    case.write(
        "new/__init__.py",
        """
        import builtins, importlib
        if not hasattr(builtins, "READY"):
            builtins.READY = True
            raise RuntimeError
        importlib.import_module("old")
        """,
    )
    case.check("""
    def ask():
        try:
            from old import missing
        except (ImportError, RuntimeError):
            pass
    ask()
    ask()
    """)
    assert case.uses == {
        ("old", "from old import missing"): 2,
        ("old", 'importlib.import_module("old")'): 1,
    }


def test_a_submodule_leaves_the_canonical_package_alone_that_is_gone(case):
    """Nor does `from new.p.q import Z` execute `new` again."""
    case.rule("old.*", "new.*")
    case.write(
        "new/__init__.py", "import builtins\nbuiltins.RUNS = getattr(builtins, 'RUNS', 0) + 1\n"
    )
    case.write("new/p/__init__.py")
    case.write("new/p/q.py", "Z = 1\n")
    case.check("""
    import old.p
    del sys.modules["new"]
    from old.p.q import Z
    assert RUNS == 1, RUNS
    """)


def test_a_child_that_went_elsewhere_is_not_the_canonical_packages_own(case):
    """Loaded or not, and however deep it lies."""
    case.rule("old.*", "new.*")
    case.rule("old.a", "elsewhere")
    case.rule("old.p.a", "elsewhere")
    case.write("new/a.py")
    case.write("new/p/__init__.py")
    case.write("new/p/a.py")
    case.write("elsewhere.py", "Z = 1\n")
    case.check("""
    import new.a, new.p.a
    from old import a
    assert a.Z == 1
    import old.p.a as b
    assert b.Z == 1
    from old.p import a as c
    assert c.Z == 1
    import old
    assert old.p.a.Z == old.a.Z == 1
    from old import *
    assert not hasattr(new.a, "Z") and not hasattr(new.p.a, "Z")
    """)


def test_a_star_import_does_not_fail_for_a_child_that_is_elsewhere_and_not_loaded(case):
    case.rule("old.*", "new.*")
    case.rule("old.a", "elsewhere")
    case.rule("old.seen", "new.seen", stage="observe")
    case.write("new/a.py")
    case.write("new/seen.py")
    case.write("old/__init__.py")
    case.write("old/seen.py")
    case.write("elsewhere.py")
    case.check("""
    import new.a, new.seen, new.sub
    from old import *
    assert sub is new.sub
    """)


def test_a_child_that_stays_below_a_package_with_a_class_of_its_own(case):
    case.rule("old.*", "classy.*")
    case.rule("old.seen", "classy.seen", stage="observe")
    case.write(
        "classy/__init__.py",
        """
        import sys, types
        class Own(types.ModuleType): pass
        sys.modules[__name__].__class__ = Own
        """,
    )
    case.write("old/__init__.py")
    case.write("old/seen.py", "W = 1\n")
    case.check("""
    from old import seen
    assert seen.W == 1
    """)


def test_a_child_that_stays_is_no_attribute_of_its_package_before_it_was_executed(case):
    case.rule("old.*", "new.*")
    case.rule("old.seen", "new.seen", stage="observe")
    case.write("old/__init__.py")
    case.write(
        "old/seen.py", "import old\nEARLY = hasattr(old, 'seen')\nfrom old import seen as m\n"
    )
    case.check("""
    import old.seen
    assert not old.seen.EARLY and old.seen.m is old.seen
    """)


def test_a_body_that_fails_by_an_attribute_error_fails_so_for_a_from_import(case):
    """hasattr() would take it for an answer, and the import system import once more."""
    case.rule("old.*", "new.*")
    case.rule("old.child", "elsewhere")
    body = "import builtins\nbuiltins.RUNS = getattr(builtins, 'RUNS', 0) + 1\nNone.missing\n"
    case.write("new/bad.py", body)
    case.write("elsewhere.py", body)
    case.check("""
    for name in ("bad", "child"):
        sys.modules.pop("RUNS", None)
        import builtins
        builtins.RUNS = 0
        try:
            exec(f"from old import {name}")
        except AttributeError as error:
            assert "missing" in str(error)
        else:
            raise AssertionError(name)
        assert RUNS == 1, (name, RUNS)
    """)
