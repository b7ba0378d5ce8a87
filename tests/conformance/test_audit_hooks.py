"""An audit hook that raises on what the enforcer calls: the program's imports go on."""

import pytest

PROGRAM = """
EVENT, LATE = {event!r}, {late!r}
refused = set()
busy = []

def hook(event, args):
    # Refuses the enforcer alone: what the import system itself does has to succeed.
    if event != EVENT or busy:
        return
    busy.append(event)
    try:
        asking = sys._getframe(1).f_globals.get("__name__", "")
        if asking.startswith("enforcer"):
            refused.add(event)
            raise PermissionError(event)
    finally:
        busy.pop()

def use():
    import old
    import old as m
    from old import Y
    importlib.import_module("old")
    import par.seen
    from par import seen
    from par.seen import W
    importlib.import_module("par.seen")
    from par.live import a
    import tree.sub
    from tree import sub
    from tree.sub import Y

if LATE:
    import old, par.seen, par.live, tree.sub
sys.addaudithook(hook)
for _ in range(3):
    use()
# From 3.15 on the import system's own frame is the innermost one when it tells of an import.
assert refused == {{EVENT}} or EVENT == "import" and sys.version_info >= (3, 15), refused
EVENT = ""
"""


def lay_out(case):
    """Write a rule of each kind, and what it leads to."""
    case.rule("old", "new.sub")
    case.rule("par.seen", "new.sub", stage="observe")
    case.rule("par.live:a", "par.live:b")
    case.rule("tree.*", "new.*")
    for name in ("old", "tree/__init__", "tree/sub", "par/seen", "par/live"):
        case.write(f"{name}.py", "W = a = b = 1\nclass Y: pass\n")


@pytest.mark.parametrize(("late", "uses"), [(False, 36), (True, 39)])
def test_frames_that_a_hook_refuses_are_found_otherwise(case, late, uses):
    """By a traceback, which is no audit event: nothing is lost."""
    lay_out(case)
    case.check(PROGRAM.format(event="sys._getframe", late=late), guard=False)
    assert sum(row["count"] for row in case.rows) == uses
    assert case.notices == set()


@pytest.mark.parametrize(
    "event", ["import", "object.__setattr__", "code.__new__", "compile", "exec"]
)
def test_what_else_a_hook_refuses_breaks_no_import(case, event):
    """Then nothing is watched, and a line says so."""
    lay_out(case)
    case.check(PROGRAM.format(event=event, late=False), guard=False)
