"""A module written in C imports while it is initialised, as Cython's do: no frame of its own."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

HEADER = Path(sysconfig.get_path("include")) / "Python.h"
COMPILER = shutil.which("cc")
pytestmark = pytest.mark.skipif(
    COMPILER is None or not HEADER.exists(), reason="no C compiler, or no headers of this Python"
)

# What Cython makes of: import a.old; from a import old as o; from a.old import X;
# importlib.import_module("a.old"); and what C code does by hand.
SOURCE = """
#include <Python.h>

static int end(PyObject *got) {
    Py_XDECREF(got);
    return got == NULL ? -1 : 0;
}

static int from_import(const char *package, const char *name) {
    PyObject *names = Py_BuildValue("(s)", name);
    PyObject *module = PyImport_ImportModuleLevel(package, NULL, NULL, names, 0);
    Py_DECREF(names);
    if (module == NULL) return -1;
    PyObject *got = PyObject_GetAttrString(module, name);
    Py_DECREF(module);
    return end(got);
}

static int body(void) {
    for (int i = 0; i < 2; i++) {
        if (end(PyImport_ImportModuleLevel("a.old", NULL, NULL, NULL, 0)) < 0) return -1;
        if (from_import("a", "old") < 0) return -1;
        if (from_import("a.old", "X") < 0) return -1;
        PyObject *importlib = PyImport_ImportModule("importlib");
        if (importlib == NULL) return -1;
        int failed = end(PyObject_CallMethod(importlib, "import_module", "s", "a.old"));
        Py_DECREF(importlib);
        if (failed) return -1;
        if (end(PyImport_ImportModule("a.old")) < 0) return -1;
    }
    return 0;
}

static int execute(PyObject *module) { return body(); }
static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};
static struct PyModuleDef two = {PyModuleDef_HEAD_INIT, "two", NULL, 0, NULL, slots};
PyMODINIT_FUNC PyInit_two(void) { return PyModuleDef_Init(&two); }

static struct PyModuleDef one = {PyModuleDef_HEAD_INIT, "one", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_one(void) { return body() < 0 ? NULL : PyModule_Create(&one); }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Compile the source, once for all tests here."""
    folder = tmp_path_factory.mktemp("extension")
    (folder / "source.c").write_text(SOURCE)
    shared = ["-shared", "-fPIC", "-undefined", "dynamic_lookup"]
    flags = shared if sys.platform == "darwin" else shared[:2]
    command = [COMPILER, *flags, f"-I{HEADER.parent}", "source.c", "-o", "library.so"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "library.so"


@pytest.fixture
def extended(case, library):
    """A case with `a.old`, which moved, and two extensions that import it."""
    case.write("a/__init__.py")
    for name in ("old", "new"):
        case.write(f"a/{name}.py", "X = 1\n")
    case.write("pkg/__init__.py")
    for name in ("one", "two"):
        shutil.copy(library, case.folder / "pkg" / f"{name}.so")
    return case


def outcome(case):
    """Count uses by extension and mechanism."""
    counts = {}
    for row in case.rows:
        assert (row["path"], row["line"], row["function"]) == ("a.old", 0, "<module>"), row
        assert row["module"] == row["file"].removesuffix(".so").replace("/", ".")
        counts.setdefault(row["file"], {}).setdefault(row["mechanism"], []).append(row["count"])
    return {
        file: {kind: sum(found) for kind, found in kinds.items()} for file, kinds in counts.items()
    }


@pytest.mark.parametrize("stage", ["observe", "alias", "warn"])
@pytest.mark.parametrize("name", ["one", "two"])
def test_each_import_of_an_extension_is_a_use_by_its_file(extended, stage, name):
    """In one phase or in two, loaded already or not."""
    extended.rule("a.old", "a.new", stage=stage)
    extended.check(f"""
    import warnings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import pkg.{name}
    files = {{warning.filename for warning in caught if "a.old" in str(warning.message)}}
    assert files == ({{pkg.{name}.__file__}} if {stage!r} == "warn" else set()), files
    """)
    assert extended.probes == {}
    assert outcome(extended) == {
        f"pkg/{name}.so": {"import_statement": 6, "import_module": 2, "attribute": 2}
    }


def test_extensions_are_told_apart(extended):
    """One instruction of the import system initialises them all."""
    extended.rule("a.old", "a.new")
    extended.check(
        """
    import pkg.one, pkg.two
    import a.old
    a.old
    """.replace("    a.old\n", "")
    )
    rows = {}
    for row in extended.rows:
        rows[row["file"]] = rows.get(row["file"], 0) + row["count"]
    assert rows == {"pkg/one.so": 10, "pkg/two.so": 10, "main.py": 1}


@pytest.mark.parametrize("name", ["one", "two"])
@pytest.mark.parametrize("loaded", [False, True])
def test_strict_refuses_an_extension(extended, name, loaded):
    """Its initialisation fails with the refusal, wherever it stood."""
    extended.rule("a.old", "a.new", stage="strict")
    extended.tolerate(("a.old", "main.py", "tolerated"))
    extended.check(f"""
    def tolerated():
        import a.old
    if {loaded}:
        tolerated()
    for _ in range(2):
        try:
            import pkg.{name}
        except ImportError as error:
            assert type(error).__name__ == "LegacyImportError", error
            assert '"a.old" was imported by pkg/{name}.so;' in str(error), error
        else:
            raise AssertionError
    """)
    assert {row["outcome"] for row in extended.rows if row["file"] != "main.py"} == {"blocked"}
