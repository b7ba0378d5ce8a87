"""Threads that wait while another one loads: each execution counts once, however the load ends."""

import pytest

from enforcer.runtime.imports.cpython import RETRIES

FORMS = {
    "statement": "import {path}",
    "from": "from {path} import V",
    "package": "from {package} import {leaf}",
    "call": 'importlib.import_module("{path}")',
    "dunder": '__import__("{path}")',
    "dunder_from": '__import__("{path}", fromlist=["V"])',
}

# The first thread stops in the module's body until all others wait for it.
BODY = """
import builtins
builtins.bodies += 1
if builtins.bodies == 1:
    builtins.started.set()
    builtins.go.wait()
    if builtins.failing:
        raise RuntimeError("the first load fails")
V = 1
"""

PROGRAM = """
import builtins, time
builtins.bodies, builtins.failing = 0, {failing}
builtins.started, builtins.go = threading.Event(), threading.Event()
errors = []

def loads():
    try:
        import {path}  # the first thread
    except RuntimeError as error:
        errors.append(error)

def waits():
    {form}

def is_waiting(thread):
    frame = sys._current_frames().get(thread.ident)
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return frame.f_code.co_name == "acquire"
        frame = frame.f_back if frame.f_globals["__name__"].startswith("enforcer") else None
    return False

first = threading.Thread(target=loads)
first.start()
builtins.started.wait()
others = [threading.Thread(target=waits) for _ in range(3)]
for thread in others:
    thread.start()
while not all(map(is_waiting, others)):
    time.sleep(.001)
builtins.go.set()
for thread in [first, *others]:
    thread.join()
assert len(errors) == {failing}
waits()
"""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("failing", [False, True], ids=["loads", "fails"])
@pytest.mark.parametrize("path", ["old.b", "seen.b"])
def test_a_thread_that_waits_counts_once(case, path, failing, form):
    """Where the load fails, newer CPythons import anew in the thread that waited (3.13.18, 3.14)."""
    case.rule("old.b", "new.b")
    case.rule("seen.b", "gone.b", stage="observe")
    case.write("old/__init__.py")
    case.write("seen/__init__.py")
    case.write("new/b.py", BODY)
    case.write("seen/b.py", BODY)
    package, _, leaf = path.partition(".")
    written = FORMS[form].format(path=path, package=package, leaf=leaf)
    case.check(PROGRAM.format(path=path, form=written, failing=int(failing)), guard=False)
    own = 4 + (form == "statement")
    if failing and form == "package" and not RETRIES:
        own -= 3  # Python itself raises an ImportError in the threads that waited
    expected = {(path, written): own}
    if form != "statement":
        expected[path, f"import {path}"] = 1
    assert case.uses == expected


@pytest.mark.parametrize("form", FORMS)
def test_an_import_in_a_loop_counts_each_time_its_load_fails(case, form):
    """Nothing is remembered of an execution that ended, so that the next one counts."""
    case.rule("old.b", "new.b")
    case.write("old/__init__.py")
    case.write(
        "new/b.py",
        "import builtins\nbuiltins.n += 1\nif builtins.n < 4: raise RuntimeError('not yet')\nV = 1\n",
    )
    written = FORMS[form].format(path="old.b", package="old", leaf="b")
    case.check(f"""
    import builtins
    builtins.n = 0
    for _ in range(6):
        try:
            {written}
        except RuntimeError:
            pass
    assert builtins.n == 4
    """)
    failed = 0 if form == "package" else 3  # docs/design.md: not counted where the module fails
    assert case.uses == {("old.b", written): 3 + failed}


LEGACY_CODE = """
import builtins
builtins.bodies += 1
builtins.started.set()
builtins.go.wait()
class OnlyOld: pass
"""


def test_threads_that_need_the_legacy_code_at_once_run_it_once(case):
    """One runs it for a name that canonical lacks; the others wait for it, and then go on."""
    case.rule("par.old", "par.canon", fallback="legacy")
    case.write("par/canon.py")
    case.write("par/old.py", LEGACY_CODE)
    case.check(
        """
    import builtins, time
    builtins.bodies = 0
    builtins.started, builtins.go = threading.Event(), threading.Event()
    import par.old
    served = []

    def ask():
        served.append(par.old.OnlyOld)

    def is_waiting(thread):
        frame = sys._current_frames().get(thread.ident)
        while frame is not None and frame.f_code.co_name != "acquire":
            frame = frame.f_back
        return frame is not None

    first, *others = [threading.Thread(target=ask) for _ in range(4)]
    first.start()
    builtins.started.wait()
    for thread in others:
        thread.start()
    while not all(map(is_waiting, others)):
        time.sleep(.001)
    builtins.go.set()
    for thread in [first, *others]:
        thread.join()
    assert builtins.bodies == 1 and len(served) == 4 and len(set(served)) == 1, served
    """,
        guard=False,
    )
