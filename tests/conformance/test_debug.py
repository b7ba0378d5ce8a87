"""ENFORCER_DEBUG=1 prints each decision of the import part, with its reason and its place."""

import pytest

PROGRAM = """
importlib.util.find_spec("par.old")
import par.old
from par import old
from par.seen import X
pickle.loads(b"cpar.old\\nY\\n.")
def again():
    import par.strict
for _ in range(2):
    try:
        again()
    except ImportError:
        pass
"""


@pytest.fixture
def debugged(case):
    """Give the folder of a program with rules in several stages, and the switch on."""
    case.environment["ENFORCER_DEBUG"] = "1"
    case.rule("par.old", "new.sub")
    case.rule("par.seen", "new.sub", stage="observe")
    case.rule("par.strict", "new.sub", stage="strict")
    case.rule("par.lost", "new.nowhere")
    case.write("par/seen.py", "X = 1\n")
    case.write("par/lost.py", "")
    return case


def decisions(done):
    """Return the lines of a run: path, decision and place."""
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert all(line.startswith("enforcer debug ") for line in lines), done.stderr
    return [line.partition(": ")[2] for line in lines]


def test_each_decision_is_printed_with_its_reason(debugged):
    """The counted ones are those that are recorded; the others say why they are not."""
    printed = decisions(debugged.run(PROGRAM))

    assert (
        "par.old: counted apart: a probe only asks whether the path exists [probe at main.py:2]"
        in printed
    )
    assert 'par.old: aliased to "new.sub": stage alias [main.py:3 in <module>]' in printed
    assert (
        "par.seen: not aliased: stage observe, and its own code exists [main.py:5 in <module>]"
        in printed
    )
    assert [line for line in printed if "counted: " in line and "not counted" not in line] == [
        "par.old: counted: stage alias [import_statement at main.py:3]",
        "par.old: counted: stage alias [import_statement at main.py:4]",
        "par.seen: counted: the legacy module's own code answers [import_statement at main.py:5]",
        "par.old: counted: stage alias [pickle at main.py:6]",
    ]
    refusal = "par.strict: refused: stage strict, and the baseline lacks the call site"
    assert printed.count(f"{refusal} [import_statement at main.py:8 in again()]") == 2


def test_a_notice_is_a_decision(debugged):
    """What the map's owner is told stands among the decisions, where it was found out."""
    (line,) = [one for one in decisions(debugged.run("import par.lost")) if "notice" in one]

    assert line.startswith('par.lost: notice (missing): "new.nowhere" does not exist')


def test_it_changes_no_decision(debugged):
    """What is recorded is the same with the switch and without."""
    debugged.check(PROGRAM)
    with_it = debugged.uses, debugged.probes
    debugged.environment["ENFORCER_DEBUG"] = "0"
    debugged.check(PROGRAM)

    assert with_it == (debugged.uses, debugged.probes)


@pytest.mark.parametrize("value", ["", "0"])
def test_without_the_switch_nothing_is_printed_or_loaded(debugged, value):
    debugged.environment["ENFORCER_DEBUG"] = value
    done = debugged.run(f"{PROGRAM}\nassert 'enforcer.runtime.imports.debug' not in sys.modules\n")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_stream_that_imports_or_fails_breaks_nothing(debugged):
    """A program's own standard error may import a legacy path when it is written to."""
    debugged.check("""
    class Stream:
        lines = []
        def write(self, line):
            from par.old import Y
            self.lines.append(line)
            raise OSError
    sys.stderr = Stream()
    import par.seen
    from par.old import Y
    sys.stderr = None
    import par.lost
    """)
    assert {path for path, _ in debugged.uses} == {"par.old", "par.seen", "par.lost"}
