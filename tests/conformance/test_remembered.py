"""What is remembered of a call site never changes what its next use gets, or who counts it."""

import pytest

FORMS = {
    "import statement": "import old",
    "from-import": "from old import Y",
    "from-import of a child": "from par import child",
    "import_module": "importlib.import_module('old')",
    "__import__": "__import__('old')",
    "attribute": "par.child",
    "name": "live.legacy",
    "from-import of a name": "from live import legacy",
}


@pytest.fixture
def warned(case):
    """Give legacy paths of all kinds in stage warn."""
    case.rule("old", "new.sub", stage="warn")
    case.rule("par.child", "new.sub", stage="warn")
    case.rule("live:legacy", "live:current", stage="warn")
    case.write("live.py", "current = 1\n")
    return case


@pytest.mark.parametrize("form", FORMS)
def test_each_use_of_a_remembered_call_site_warns(warned, form):
    """Who shows every warning sees each one, and who makes errors of them gets each one."""
    warned.check(f"""
    import warnings
    import live, par
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import par.child
    def use():
        {FORMS[form]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(5):
            use()
    assert len(caught) == 5, caught
    line = use.__code__.co_firstlineno + 1
    assert {{(w.filename.rpartition("/")[2], w.lineno) for w in caught}} == {{("main.py", line)}}
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(5):
            try:
                use()
            except DeprecationWarning:
                refused += 1
    assert refused == 5
    """)
    used = [(row["outcome"], row["count"]) for row in warned.rows if row["function"] == "use"]
    assert used == [("warned", 10)]


FACTORY = """
import warnings
warnings.simplefilter("always")
from shop.legacy import create
def use():
    return create(1)
"""


@pytest.fixture
def factory(case):
    """Give a legacy factory that is delegated."""
    case.write("shop/__init__.py")
    case.write("shop/legacy.py", "def create(a): return 'legacy'\n")
    case.write("shop/carts.py", "def get(a): return 'canonical'\n")
    return case


def test_each_call_from_a_remembered_call_site_warns(factory):
    factory.factory("shop.legacy:create", "shop.carts:get", stage="warn")
    factory.check(f"""
    {FACTORY.replace(chr(10), chr(10) + "    ")}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(5):
            assert use() == "canonical"
    assert len(caught) == 5, caught
    """)
    assert [(row["outcome"], row["count"]) for row in factory.rows] == [("warned", 5)]


@pytest.mark.parametrize("form", ["create(1)", "import old", "from live import legacy"])
def test_a_forked_child_counts_what_its_parent_remembered(factory, form):
    """A call site that the parent remembered counts in the child, as the child's, from zero."""
    factory.factory("shop.legacy:create", "shop.carts:get")
    factory.rule("old", "new.sub")
    factory.rule("live:legacy", "live:current")
    factory.write("live.py", "current = 1\n")
    factory.check(f"""
    import enforcer
    from shop.legacy import create
    def use(times):
        for _ in range(times):
            {form}
    def counted():
        return [(use.site.function, use.count) for use in enforcer.collect()[0]]
    use(7)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        use(3)
        os.write(writer, repr(counted()).encode())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(reader, 1000) == repr([("use", 3)]).encode()
    use(2)
    uses = enforcer.collect()[0]
    assert [(use.site.function, use.count) for use in uses] == [("use", 9)]
    """)
