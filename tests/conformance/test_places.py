"""Code that has no file is known by the file and the function that it belongs to."""

import pytest


def sites(case):
    """List where uses come from: file, line, function."""
    return [(row["file"], row["line"], row["function"]) for row in case.rows]


def test_code_from_a_string(case):
    """Statements belong to the function that executes them, functions keep their names."""
    case.rule("old", "new.sub")
    case.write(
        "shop/cart.py",
        """
        def checkout():
            exec("import old")
            exec(compile("import old", "<stdin>", "exec"), {})
            eval("__import__('old')")

        namespace = {}
        exec("def generated():\\n  import old", globals())
        exec("def apart():\\n  import old", namespace)
        exec("class Cart:\\n  def total(self):\\n    import old", globals())
        exec("exec('exec(\\\\'import old\\\\')')")
        """,
    )
    case.check("""
    import shop.cart
    for _ in range(2):
        shop.cart.checkout()
        shop.cart.generated()
        shop.cart.namespace["apart"]()
        shop.cart.Cart().total()
    """)
    assert sorted(sites(case)) == [
        ("main.py", 6, "apart"),
        ("shop/cart.py", 0, "Cart.total"),
        ("shop/cart.py", 0, "generated"),
        ("shop/cart.py", 3, "checkout"),
        ("shop/cart.py", 4, "checkout"),
        ("shop/cart.py", 5, "checkout"),
        ("shop/cart.py", 11, "<module>"),
    ]
    assert {row["relation"] for row in case.rows} == {"own"}
    assert sum(row["count"] for row in case.rows) == 13


def test_code_that_somebody_elses_package_makes(case):
    """What a library compiles from strings is the library's."""
    case.rule("old", "new.sub")
    case.write("site-packages/lib.py", "def make():\n  exec('import old')\n")
    case.check("""
    sys.path.append("site-packages")
    import lib
    lib.make()
    """)
    assert [
        (row["file"].endswith("site-packages/lib.py"), row["line"], row["relation"])
        for row in case.rows
    ] == [(True, 2, "third_party")]


def test_doctests(case):
    """An example belongs to what it documents; the line is the file's."""
    case.rule("old", "new.sub")
    case.write(
        "shop/doc.py",
        '''\
        """The module.

        >>> import old
        """
        def d():
            """A function.

            >>> 1
            1
            >>> from old import Y
            >>> def inner():
            ...     import old
            >>> inner()
            """
        class C:
            def m(self):
                """
                >>> import old as o
                """
        ''',
    )
    case.write("shop/page.txt", "Text.\n\n>>> import old\n")
    case.check("""
    import doctest, shop.doc
    for _ in range(2):
        assert doctest.testmod(shop.doc).failed == 0
        assert doctest.testfile("shop/page.txt", module_relative=False).failed == 0
    """)
    assert sorted(sites(case)) == [
        ("shop/doc.py", 3, "<module>"),
        ("shop/doc.py", 10, "d"),
        ("shop/doc.py", 13, "d"),
        ("shop/doc.py", 18, "C.m"),
        ("shop/page.txt", 3, "<module>"),
    ]
    assert {row["count"] for row in case.rows} == {2}


def test_cells_of_a_notebook(case):
    """A cell is known by its text, whatever the kernel's process and the number of its run."""
    case.rule("old", "new.sub")
    case.check("""
    import code
    def cell(filename, source, shell):
        shell["magic"] = lambda text: exec(compile(text, "<timed exec>", "exec"), shell)
        exec(compile(source, filename, "exec"), shell)
    for process in (1, 22):
        shell = {"__name__": "__main__"}
        cell(f"/tmp/ipykernel_{process}/2357.py", "import old", shell)
        cell(f"/tmp/ipykernel_{process}/1111.py", "def f():\\n  import old\\nf()", shell)
        cell(f"<ipython-input-{process}-abcdef>", "import old", shell)
        cell(f"/tmp/ipykernel_{process}/3333.py", "import importlib\\nimportlib.import_module('old')", shell)
        cell(f"/tmp/ipykernel_{process}/4444.py", "exec('import old')", shell)
        cell(f"/tmp/ipykernel_{process}/5555.py", "1\\nmagic('import old')", shell)
    """)
    assert sorted(sites(case)) == [
        ("<cell 1111>", 2, "f"),
        ("<cell 2357>", 1, "<module>"),
        ("<cell 3333>", 2, "<module>"),
        ("<cell 4444>", 1, "<module>"),
        ("<cell 5555>", 2, "<module>"),
        ("<cell abcdef>", 1, "<module>"),
    ]
    assert {(row["count"], row["relation"]) for row in case.rows} == {(2, "own")}


@pytest.mark.parametrize(
    ("filename", "label"),
    [
        ("<stdin>", "<stdin>"),
        ("<python-input-7>", "<stdin>"),
        ("<pyshell#7>", "<pyshell>"),
        ("<console>", "<console>"),
    ],
)
def test_consoles(case, filename, label):
    """What is typed belongs to no file, and has no number."""
    case.rule("old", "new.sub")
    case.check(f"""
    import code
    code.InteractiveInterpreter({{"__name__": "__main__"}}).runsource("import old", {filename!r})
    """)
    assert sites(case) == [(label, 1, "<module>")]


def test_strict_tolerates_code_from_strings_by_where_it_belongs(case):
    """A baseline names the file and the function."""
    case.rule("old", "new.sub", stage="strict")
    case.tolerate(("old", "shop/cart.py", "checkout"), ("old", "<cell 2357>", "<module>"))
    case.write(
        "shop/cart.py", "def checkout(): exec('import old')\ndef other(): exec('import old')\n"
    )
    case.check("""
    import shop.cart
    shop.cart.checkout()
    exec(compile("import old", f"/tmp/ipykernel_{os.getpid()}/2357.py", "exec"), {})
    try:
        shop.cart.other()
    except ImportError as error:
        assert "shop/cart.py:2 in other()" in str(error), error
    else:
        raise AssertionError
    """)
