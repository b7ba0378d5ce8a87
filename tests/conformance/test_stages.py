"""What each stage gives, records and raises, for first and cached imports alike."""

import pytest

FORMS = [
    "import par.old",
    "import par.old as m",
    "from par import old",
    "from par.old import Y",
    "from par.old import *",
    "importlib.import_module('par.old')",
    "__import__('par.old')",
    "pickle.loads(b'cpar.old\\nY\\n.')",
]


@pytest.fixture
def moved(case):
    case.write("par/old.py", "ran = True\nclass Y: pass\n")
    return case


def test_observe_changes_nothing(moved):
    moved.rule("par.old", "new.sub", stage="observe")
    moved.check("""
    import par.old as old
    from par.old import Y
    assert Y.__module__ == "par.old" and old.ran
    assert old.__spec__.name == "par.old" == old.__name__
    assert type(old.__spec__).__name__ == "ModuleSpec"
    assert old.__file__.endswith("par/old.py")
    assert isinstance(old, types.ModuleType)
    assert "new.sub" not in sys.modules
    assert importlib.reload(old) is old
    assert type(old.__spec__).__name__ == "ModuleSpec"
    """)
    assert moved.uses == {
        ("par.old", "import par.old as old"): 1,
        ("par.old", "from par.old import Y"): 1,
    }
    assert {row["outcome"] for row in moved.rows} == {"observed"}


def test_alias_never_runs_the_legacy_body(moved):
    moved.rule("par.old", "new.sub")
    moved.write("par/old.py", "raise RuntimeError('the legacy body ran')\n")
    moved.check("""
    import par.old, new.sub
    assert par.old.Y is new.sub.Y and vars(par.old) is vars(new.sub)
    """)
    assert {row["outcome"] for row in moved.rows} == {"aliased"}


@pytest.mark.parametrize("form", FORMS)
def test_warnings_as_errors_refuse_first_and_cached(moved, form):
    moved.rule("par.old", "new.sub", stage="warn")
    moved.write("ask.py", f"import importlib, pickle\n{form}\n")
    moved.check("""
    import warnings
    from enforcer import LegacyImportWarning
    def refused():
        try:
            importlib.import_module("ask")
        except LegacyImportWarning as warning:
            assert '"new.sub' in str(warning), warning
            return True
        finally:
            sys.modules.pop("ask", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error", LegacyImportWarning)
        assert refused()
        assert refused()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not refused()
    with warnings.catch_warnings():
        warnings.simplefilter("error", LegacyImportWarning)
        assert refused()
        assert refused()
    """)


@pytest.mark.parametrize("form", FORMS)
def test_strict_refuses_first_and_cached_alike(moved, form):
    moved.rule("par.old", "new.sub", stage="strict")
    moved.tolerate(["par.old", "main.py", "tolerated"])
    moved.write("ask.py", f"import importlib, pickle\n{form}\n")
    moved.check("""
    from enforcer import LegacyImportError
    def refused():
        try:
            importlib.import_module("ask")
        except LegacyImportError as error:
            assert error.legacy == "par.old" and error.canonical == "new.sub"
            assert error.call_site.file == "ask.py" and error.call_site.line == 2
            assert error.rule.legacy == "par.old"
            assert error.name == "par.old"
            assert "ask.py:2" in str(error), error
            return True
        finally:
            sys.modules.pop("ask", None)
    def tolerated():
        import par.old
        from par import old
        return importlib.import_module("par.old").Y
    assert refused()
    assert "new.sub" not in sys.modules
    assert tolerated()
    for _ in range(5):
        assert refused()
        assert tolerated()
    """)
    outcomes = {(row["outcome"], row["function"]) for row in moved.rows}
    assert outcomes == {("blocked", "<module>"), ("exempted", "tolerated")}
    assert sum(row["count"] for row in moved.rows if row["outcome"] == "blocked") == 6
    assert sum(row["count"] for row in moved.rows if row["outcome"] == "exempted") == 18


def test_strict_serves_tolerated_and_refused_threads_at_the_same_time(moved):
    moved.rule("par.old", "new.sub", stage="strict")
    moved.tolerate(["par.old", "main.py", "tolerated"])
    moved.check("""
    from enforcer import LegacyImportError
    sys.setswitchinterval(1e-5)
    wrong = []
    def tolerated():
        for _ in range(3000):
            try:
                import par.old
            except BaseException as error:
                wrong.append(error)
    def refused():
        for _ in range(3000):
            try:
                import par.old
            except LegacyImportError:
                continue
            wrong.append("was let through")
    threads = [threading.Thread(target=work) for work in (tolerated, refused) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    """)
    assert {(row["outcome"], row["count"]) for row in moved.rows} == {
        ("blocked", 6000),
        ("exempted", 6000),
    }


def test_strict_refuses_an_attribute_of_the_package(moved):
    moved.rule("par.old", "new.sub", stage="strict")
    moved.tolerate(["par.old", "main.py", "tolerated"])
    moved.check("""
    import par
    from enforcer import LegacyImportError
    def tolerated():
        import par.old
    tolerated()
    try:
        par.old
    except LegacyImportError as error:
        assert "was read by main.py" in str(error), error
    else:
        raise AssertionError
    assert hasattr(par, "old")
    """)


def test_the_message_can_be_pasted(moved):
    moved.rule(
        "par.old",
        "new.sub",
        stage="strict",
        names={"make": "Y"},
        reason="one class for all",
        owner="@chat",
        remove_after="2027-03-31",
    )
    moved.check("""
    from enforcer import LegacyImportError
    def checkout():
        from par.old import make
    try:
        checkout()
    except LegacyImportError as error:
        assert str(error) == (
            '"par.old" was imported by main.py:4 in checkout(); it moved to "new.sub". '
            "Write: from new.sub import Y as make "
            "[one class for all; owner @chat; goes after 2027-03-31] (legacy-import)"
        ), error
    else:
        raise AssertionError
    """)


@pytest.mark.parametrize("on_disk", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_removed_refuses_everybody(case, form, on_disk):
    case.rule("par.old", "new.sub", stage="removed")
    case.tolerate(["par.old", "ask.py", "<module>"])
    if on_disk:
        case.write("par/old.py", "class Y: pass\n")
    case.write("ask.py", f"import importlib, pickle\n{form}\n")
    case.check("""
    from enforcer import LegacyImportError
    for _ in range(2):
        try:
            import ask
        except LegacyImportError as error:
            assert "was removed" in str(error) and "ask.py:2" in str(error), error
        else:
            raise AssertionError
    """)
    assert [(row["path"], row["outcome"], row["count"]) for row in case.rows] == [
        ("par.old", "blocked", 2)
    ]


def test_removed_is_absent_for_probes(case):
    case.rule("gone", "new.sub", stage="removed")
    case.check("""
    assert importlib.util.find_spec("gone") is None
    """)
    assert case.rows == []
    assert case.probes == {"gone": 1}


def test_removed_is_absent_for_probes_even_if_it_is_still_on_disk(case):
    """A finder can't hide what the next finder finds; the error is that of an absent module."""
    case.rule("gone", "new.sub", stage="removed")
    case.write("gone.py")
    case.check("""
    try:
        found = importlib.util.find_spec("gone")
    except ModuleNotFoundError as error:
        assert error.name == "gone"
    else:
        assert found is None
    """)


def test_removed_tree_names_the_module_that_was_wanted(case):
    case.rule("old.*", "new.*", stage="removed")
    case.check("""
    from enforcer import LegacyImportError
    try:
        import old.sub
    except LegacyImportError as error:
        assert error.legacy == "old.sub" and error.canonical == "new.sub"
    """)
    assert case.uses == {("old.sub", "import old.sub"): 1}


def test_the_environment_raises_all_stages(moved):
    moved.rule("par.old", "new.sub", stage="observe")
    moved.environment["ENFORCER_STAGE"] = "at-least:strict"
    moved.check("""
    try:
        import par.old
    except ImportError as error:
        assert "(legacy-import)" in str(error)
    else:
        raise AssertionError
    """)
