"""Who may use a strict path: callers of the baseline, and those with an exemption that holds."""

import time

import pytest

DAY = 24 * 60 * 60
ASK = "import helping\nassert helping.ask() == 1\n"
REFUSED = """\
import enforcer, helping
try:
    helping.ask()
except enforcer.LegacyImportError as error:
    assert error.call_site.file == "helping.py", error
else:
    raise AssertionError("not refused")
"""


def day(offset):
    return time.strftime("%Y-%m-%d", time.localtime(time.time() + offset * DAY))


def allow(path="old", caller="helping.py", until=0):
    fields = {"path": path, "caller": caller, "until": day(until), "reason": "later"}
    pairs = ", ".join(f'{key} = "{value}"' for key, value in fields.items())
    return f"allow = [{{ {pairs} }}]"


@pytest.fixture
def strict(case):
    """A strict rule, and a module that uses it in a function."""
    case.write("canonical.py", "X = 1")
    case.write("helping.py", "def ask():\n    import old\n    return old.X")
    case.rule("old", "canonical", stage="strict")
    return case


@pytest.mark.parametrize("caller", ["helping.py", "helping.py::ask"])
def test_an_exemption_lets_its_caller_through(strict, caller):
    strict.options.append(allow(caller=caller))

    strict.check(ASK * 2)

    assert [(row["outcome"], row["count"]) for row in strict.rows] == [("exempted", 2)]


def test_a_folder_and_a_tree_can_be_meant(case):
    case.write("new/__init__.py")
    case.write("new/sub.py", "X = 1")
    case.write("tools/helping.py", "def ask():\n    from old.sub import X\n    return X")
    case.rule("old.*", "new.*", stage="strict")
    case.options.append(allow(path="old.*", caller="tools/"))

    case.check("from tools import helping\nassert helping.ask() == 1\n")

    assert [row["path"] for row in case.rows] == ["old.sub"]


@pytest.mark.parametrize(
    "exemption",
    [
        allow(until=-1),
        allow(caller="helping.py::other"),
        allow(caller="main.py"),
        allow(caller="help/"),
        allow(path="ol"),
        allow(path="older"),
    ],
)
def test_it_lets_nobody_else_through(strict, exemption):
    strict.options.append(exemption)

    strict.check(REFUSED)


def test_the_day_before_the_end_is_long_enough(strict):
    strict.options.append(allow(until=1))

    strict.check(ASK)


def test_a_baseline_beside_the_map_lets_its_call_sites_through(strict):
    strict.tolerate(["old", "helping.py", "ask"])

    strict.check(ASK)


@pytest.mark.parametrize("kind", ["import_module", "attribute"])
def test_another_kind_of_use_is_not_in_it(strict, kind):
    strict.write(
        "enforcer-baseline.toml",
        "version = 1\ncall_sites = [{ path = 'old', file = 'helping.py', function = 'ask', "
        f"kind = '{kind}' }}]",
    )

    strict.check(REFUSED)


def test_a_baseline_of_another_name(strict):
    strict.tolerate(["old", "helping.py", "ask"])
    (strict.folder / "enforcer-baseline.toml").rename(strict.folder / "known.toml")
    strict.check(REFUSED)

    strict.options.append('baseline = "known.toml"')
    strict.check(ASK)


def test_a_broken_baseline_refuses_nobody_and_is_reported(strict):
    strict.write("enforcer-baseline.toml", "version = 1\n<<<<<<< HEAD\n")

    done = strict.run(f"{ASK}\nassert helping.ask() == 1")

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("enforcer: strict paths refuse nobody: ") == 1
    assert "enforcer-baseline.toml:2: there are marks of a merge conflict" in done.stderr


def test_a_broken_baseline_stops_a_program_that_wants_it(strict):
    strict.options.append("fail_open = false")
    strict.write("enforcer-baseline.toml", "version = 1\n<<<<<<< HEAD\n")

    done = strict.run("print('started')")

    assert done.returncode != 0
    assert "started" not in done.stdout
    assert "BaselineError" in done.stderr
