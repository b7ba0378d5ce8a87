"""A legacy factory whose calls are answered by the canonical one."""

import pytest


@pytest.fixture
def made(case):
    """Give a legacy module with a factory, and a canonical one with another second parameter."""
    case.write(
        "shop/legacy.py",
        """
        def create_cart(context, size=3):
            return ("legacy", context, size)

        def inside():
            return create_cart("inside")

        FACTORIES = {"cart": create_cart}
        """,
    )
    case.write(
        "shop/carts.py",
        """
        def get_cart(user_context, mode="plain", *, size=9):
            return ("canonical", user_context, mode, size)
        """,
    )
    case.write("shop/__init__.py", "")
    return case


def delegate(case, **options):
    """Delegate the factory, with the one argument that was renamed."""
    arguments = {"context": "user_context"}
    case.factory("shop.legacy:create_cart", "shop.carts:get_cart", arguments=arguments, **options)


def test_every_way_to_the_factory_delegates(made):
    """Whoever holds the function calls the canonical one: importers, containers, the module itself."""
    delegate(made)
    made.write("again.py", "from shop.legacy import create_cart as make\n")
    made.check("""
    import functools
    from shop.legacy import FACTORIES, create_cart, inside
    import again, shop.legacy
    wanted = ("canonical", "c", "plain", 3)
    assert create_cart("c") == shop.legacy.create_cart("c") == wanted
    assert again.make("c") == FACTORIES["cart"]("c") == functools.partial(create_cart, "c")() == wanted
    assert list(map(create_cart, ["c"])) == [wanted]
    assert inside() == ("canonical", "inside", "plain", 3)
    assert again.make is create_cart is shop.legacy.create_cart
    """)
    assert sum(made.uses.values()) == 7
    assert {row["mechanism"] for row in made.rows} == {"call"}
    assert {row["outcome"] for row in made.rows} == {"aliased"}
    assert made.uses["shop.legacy:create_cart", 'return create_cart("inside")'] == 1


def test_a_module_that_was_loaded_before_is_reached_too(made):
    """Enabling late loses nothing: the function itself was given other code."""
    delegate(made)
    made.environment["BEFORE"] = (
        "import shop.legacy; import builtins; builtins.HELD = shop.legacy.create_cart"
    )
    made.check("""
    assert HELD("c")[0] == "canonical"
    """)


def test_arguments_are_handed_over_by_name(made):
    """By position, by keyword and by default: what was the legacy size is the canonical size."""
    delegate(made)
    made.check("""
    from shop.legacy import create_cart
    assert create_cart("c", 5) == create_cart("c", size=5) == ("canonical", "c", "plain", 5)
    assert create_cart(size=6, context="c") == ("canonical", "c", "plain", 6)
    try:
        create_cart()
    except TypeError as error:
        assert "create_cart() missing 1 required positional argument: 'context'" in str(error), error
    else:
        raise AssertionError
    try:
        create_cart("c", mode=1)
    except TypeError as error:
        assert "mode" in str(error)
    else:
        raise AssertionError
    """)


def test_all_kinds_of_parameters_are_handed_over(case):
    """Positional-only, keyword-only, *args and **kwargs."""
    case.write(
        "old.py",
        """
        def a(first, /, second, *, third=3): raise SystemExit
        def b(first, *rest, **more): raise SystemExit
        def c(**more): raise SystemExit
        def d(first=None, second=None): raise SystemExit
        """,
    )
    case.write(
        "fresh.py",
        """
        def a(one, second, third): return one, second, third
        def b(one, *others, **named): return one, others, named
        def c(one, two=2): return one, two
        def d(first=1, second=2): return first, second
        """,
    )
    case.factory("old:a", "fresh:a", arguments={"first": "one"})
    case.factory("old:b", "fresh:b", arguments={"first": "one", "old_name": "new_name"})
    case.factory("old:c", "fresh:c", arguments={"uno": "one"})
    case.factory("old:d", "fresh:d")
    case.check("""
    import old
    assert old.a(1, 2) == old.a(1, second=2) == (1, 2, 3)
    assert old.a(1, 2, third=4) == (1, 2, 4)
    assert old.b(1, 2, 3, x=4, old_name=5) == (1, (2, 3), {"x": 4, "new_name": 5})
    assert old.c(uno=1) == (1, 2)
    assert old.d() == old.d(None) == (1, 2), "a default of None means that nothing was given"
    assert old.d(5, second=6) == (5, 6)
    """)


def test_a_parameter_can_be_left_out(case):
    """An empty canonical name says that the argument has no meaning any more."""
    case.write("old.py", "def create(context, user_id): return 'old'\n")
    case.write("fresh.py", "def get(context, mode='plain'): return context, mode\n")
    case.factory("old:create", "fresh:get", arguments={"user_id": ""})
    case.check("""
    import old
    assert old.create("c", "u") == ("c", "plain")
    """)


@pytest.mark.parametrize("first", ["old", "fresh"])
def test_an_argument_in_anothers_place_is_refused(case, first):
    """create(ctx, uid) must not pass a user id as a mode; the legacy code goes on."""
    case.write("old.py", "def create(context, user_id=None): return 'old', user_id\n")
    case.write("fresh.py", "def get(context, mode=None): return 'fresh', mode\n")
    case.factory("old:create", "fresh:get")
    case.check(f"""
    import enforcer
    import {first}
    import old, fresh
    said = [notice for notice in enforcer.notices() if notice.kind == "refused"]
    assert len(said) == 1, "it is said when both modules are loaded"
    assert '"user_id" would be passed as "mode"' in said[0].text
    assert "(argument-in-wrong-place)" in said[0].text
    assert old.create("c", "u") == ("old", "u")
    assert "wrapt" not in sys.modules
    """)
    assert case.rows[0]["outcome"] == "observed"
    assert ("refused", "old:create") in case.notices


def test_a_refused_delegation_is_an_error_in_strict(case):
    """Who asks for strictness is told; callers of the baseline are as well."""
    case.write("old.py", "def create(context, user_id=None): return 'old'\n")
    case.write("fresh.py", "def get(context, mode=None): return 'fresh'\n")
    case.factory("old:create", "fresh:get", stage="strict")
    case.tolerate(("old:create", "main.py", "tolerated"))
    case.check("""
    import enforcer, old
    def tolerated():
        return old.create("c", "u")
    try:
        tolerated()
    except enforcer.DelegationError as error:
        assert "(argument-in-wrong-place)" in str(error)
    else:
        raise AssertionError
    """)


def test_sync_and_async(case):
    """Sync gives sync and async gives async; a sync caller never gets a coroutine."""
    case.write(
        "old.py",
        """
        async def both(context): return "old"
        async def to_sync(context): return "old"
        def to_async(context): return "old"
        def to_hidden(context): return "old"
        """,
    )
    case.write(
        "fresh.py",
        """
        import asyncio
        async def get(context):
            await asyncio.sleep(0)
            return "fresh", context
        def get_now(context): return "fresh", context
        hidden = lambda context: get(context)
        """,
    )
    case.factory("old:both", "fresh:get")
    case.factory("old:to_sync", "fresh:get_now")
    case.factory("old:to_async", "fresh:get")
    case.factory("old:to_hidden", "fresh:hidden")
    case.check("""
    import asyncio, inspect, types
    import enforcer, old
    assert all(map(inspect.iscoroutinefunction, (old.both, old.to_sync)))
    assert not inspect.iscoroutinefunction(old.to_async)
    async def main():
        one = await old.both("c")
        two = await asyncio.create_task(old.both("d"))
        three = await old.to_sync("e")
        made = old.both("f")
        assert made.__name__ == "both" and await made
        return one, two, three
    assert asyncio.run(main()) == (("fresh", "c"), ("fresh", "d"), ("fresh", "e"))
    assert old.to_async("c") == old.to_async("c") == "old"
    assert old.to_hidden("c") == old.to_hidden("c") == "old", "it shows at the call, and nothing ran"
    texts = {notice.subject: notice.text for notice in enforcer.notices()}
    assert "(async-mismatch)" in texts["old:to_async"] and "(async-mismatch)" in texts["old:to_hidden"]
    """)
    lines = {case.line(row) for row in case.rows}
    assert 'two = await asyncio.create_task(old.both("d"))' in lines, (
        "the caller, not the event loop"
    )


def test_an_adapter_answers(case):
    """It gets the legacy arguments, and may bring async to a sync caller."""
    case.write("old.py", "def create(context, user_id=None, size=2): return 'old'\n")
    case.write("fresh.py", "async def get(context, mode): return context, mode\n")
    case.write(
        "compat.py",
        """
        import asyncio, fresh, old
        def create(context, user_id=None, size=0):
            if user_id == "again":
                return old.create(context, "again")
            return asyncio.run(fresh.get(context, f"{user_id}/{size}"))
        """,
    )
    case.factory("old:create", "fresh:get", adapter="compat:create")
    case.check("""
    import old
    assert "compat" not in sys.modules
    assert old.create("c", "u") == ("c", "u/2")
    assert old.create("c", "again") == "old", "the adapter itself gets the legacy code"
    """)
    assert sum(case.uses.values()) == 2


def test_methods_class_methods_and_static_methods(case):
    """A factory may be in a class; what Python binds is not handed over."""
    case.write(
        "old.py",
        """
        class Factory:
            def create(self, context): return "old"
            @classmethod
            def make(cls, context): return "old"
            @staticmethod
            def build(context): return "old"
        class Special(Factory):
            def create(self, context): return "special", super().create(context)
        """,
    )
    case.write(
        "fresh.py",
        "class Things:\n    @classmethod\n    def get(cls, context): return 'fresh', context\n",
    )
    for name in ("create", "make", "build"):
        case.factory(f"old:Factory.{name}", "fresh:Things.get")
    case.check("""
    from old import Factory, Special
    assert Factory().create("c") == Factory.create(Factory(), "c") == ("fresh", "c")
    assert Factory.make("c") == Factory().make(context="c") == Special.make("c") == ("fresh", "c")
    assert Factory.build("c") == Factory().build("c") == ("fresh", "c")
    assert Special().create("c") == ("special", ("fresh", "c"))
    """)
    assert sum(row["count"] for row in case.rows) == 8


def test_callables_that_are_no_functions(case):
    """A partial, a cached function and a function of another module keep what they are."""
    case.write("base.py", "def make(context, size=1): return 'base', context\n")
    case.write(
        "old.py",
        """
        import functools
        from base import make as borrowed
        def _make(context, size): return "old"
        part = functools.partial(_make, size=2)
        @functools.lru_cache
        def cached(context): return "old"
        class Holder:
            @functools.lru_cache
            def method(self, context): return "old"
            def _make(self, size, context): return "old"
            partial = functools.partialmethod(_make, 2)
        """,
    )
    case.write("fresh.py", "def get(context, size=7): return context, size\n")
    for name in ("borrowed", "part", "cached", "Holder.method", "Holder.partial"):
        case.factory(f"old:{name}", "fresh:get")
    case.check("""
    import functools, inspect
    import base, old
    assert isinstance(old.part, functools.partial) and old.part.keywords == {"size": 2}
    assert old.part("c") == ("c", 2)
    assert old.cached("c") == ("c", 7) and old.cached.cache_info().misses == 0
    assert old.Holder().method("c") == ("c", 7) == old.Holder().partial("c")
    assert pickle.loads(pickle.dumps(old.cached)) is old.cached
    assert old.borrowed("c") == ("c", 1)
    assert base.make("c") == ("base", "c"), "where it comes from it is no legacy factory"
    assert inspect.signature(old.borrowed) == inspect.signature(base.make)
    assert pickle.loads(pickle.dumps(old.borrowed)) is old.borrowed
    import enforcer
    enforcer.disable()
    assert type(old.part) is functools.partial and old.borrowed is base.make
    assert old.cached("c") == "old" == old.Holder().method("c")
    """)


def test_an_aliased_module_gives_its_factories(case):
    """The legacy code never runs; its source says what the factory took."""
    case.write(
        "old.py",
        """
        raise SystemExit("the legacy module's own code runs")
        async def create(context, /, user_id=None, *, size=-1, limit=len("x")):
            '''Create.'''
        """,
    )
    case.write(
        "new/things.py",
        "X = 1\nasync def get(context, *, size=0, limit=4): return context, size, limit\n",
    )
    case.rule("old", "new.things")
    case.factory("old:create", "new.things:get", arguments={"user_id": ""})
    case.check("""
    import asyncio, inspect
    from unittest import mock
    from old import create, X
    import old, new.things
    star = {}
    exec("from old import *", star)
    assert star["create"] is old.create is create and "create" in dir(old)
    assert "create" not in vars(new.things)
    assert str(inspect.signature(create)) == "(context, /, user_id=None, *, size=-1, limit=...)"
    assert inspect.iscoroutinefunction(create)
    assert create.__module__ == "old" and pickle.loads(pickle.dumps(create)) is create
    assert asyncio.run(create("c", "u")) == ("c", -1, 4)
    with mock.patch("old.create") as patched:
        assert old.create is patched
    assert old.create is create
    """)
    assert case.uses["old:create", 'assert asyncio.run(create("c", "u")) == ("c", -1, 4)'] == 1


def test_without_its_code_a_factory_takes_keywords_only(case):
    """Nobody could tell which parameter an argument by position is."""
    case.write("new/things.py", "def get(context, mode=1): return context, mode\n")
    case.rule("gone", "new.things")
    case.factory("gone:create", "new.things:get", arguments={"ctx": "context"})
    case.check("""
    from gone import create
    assert create(ctx="c", mode=2) == ("c", 2)
    try:
        create("c", "user")
    except TypeError as error:
        assert "create() takes 0 positional arguments" in str(error), error
    else:
        raise AssertionError
    """)


def test_what_is_asked_of_the_factory_stays_as_it_was(made):
    """Signature, names, annotations, defaults, source, pickling: those of the legacy function."""
    delegate(made)
    made.environment["BEFORE"] = """
import builtins, inspect, shop.legacy as module
function = module.create_cart
builtins.WAS = (function, inspect.signature(function), dict(vars(function)), function.__defaults__,
    inspect.getsource(function), function.__qualname__, function.__doc__, type(function))
"""
    made.check("""
    import inspect, shop.legacy
    function = shop.legacy.create_cart
    assert WAS == (function, inspect.signature(function), dict(vars(function)), function.__defaults__,
        inspect.getsource(function), function.__qualname__, function.__doc__, type(function))
    assert pickle.loads(pickle.dumps(function)) is function
    function("c")
    import enforcer
    enforcer.disable()
    assert function("c") == ("legacy", "c", 3)
    """)


def test_observe_runs_the_legacy_code_and_counts(made):
    """Nothing changes, and neither wrapt nor the canonical module is loaded."""
    delegate(made, stage="observe")
    made.check("""
    from shop.legacy import create_cart
    for _ in range(5):
        assert create_cart("c") == ("legacy", "c", 3)
    assert "wrapt" not in sys.modules and "shop.carts" not in sys.modules
    """)
    assert [(row["count"], row["outcome"], row["mechanism"]) for row in made.rows] == [
        (5, "observed", "call")
    ]


def test_wrapt_is_loaded_at_the_first_call(made):
    """Not with the module, and not from inside an import."""
    delegate(made)
    made.check("""
    from shop.legacy import create_cart
    heavy = {"wrapt", "inspect", "enforcer.runtime.delegation.calls"}
    assert not heavy & set(sys.modules) - set(before), heavy & set(sys.modules)
    create_cart("c")
    assert heavy <= set(sys.modules)
    """)


def test_warn_names_the_caller(made):
    """Each call warns where it stands, under a category of its own."""
    delegate(made, stage="warn", reason="one cart for each user")
    made.check("""
    import warnings
    from enforcer import LegacyCallWarning
    from shop.legacy import create_cart
    def ask():
        return create_cart("c")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert ask() == ask() == ("canonical", "c", "plain", 3)
    assert len(caught) == 2
    for warning in caught:
        assert warning.category is LegacyCallWarning
        assert (warning.filename, warning.lineno) == (__file__, ask.__code__.co_firstlineno + 1)
        text = str(warning.message)
        assert '"shop.legacy:create_cart" was called by main.py:' in text, text
        assert "in ask()" in text and "Write: from shop.carts import get_cart" in text, text
        assert "with context as user_context" in text and "(legacy-call)" in text, text
    """)
    assert sum(made.uses.values()) == 2


def test_strict_refuses_whom_the_baseline_does_not_name(made):
    """Looking the factory up is no use; calling it is."""
    delegate(made, stage="strict")
    made.tolerate(("shop.legacy:create_cart", "main.py", "tolerated"))
    made.check("""
    from enforcer import LegacyCallError
    from shop.legacy import create_cart
    def tolerated():
        return create_cart("c")
    def other():
        return create_cart("c")
    assert tolerated() == tolerated() == ("canonical", "c", "plain", 3)
    for _ in range(3):
        try:
            other()
        except LegacyCallError as error:
            assert error.legacy == "shop.legacy:create_cart" and error.canonical == "shop.carts:get_cart"
            assert error.call_site.function == "other" and "(legacy-call)" in str(error)
        else:
            raise AssertionError
    """)
    outcomes = {row["function"]: (row["outcome"], row["count"]) for row in made.rows}
    assert outcomes == {"tolerated": ("exempted", 2), "other": ("blocked", 3)}


def test_removed_refuses_every_call(made):
    """Whoever still calls it is told what to call."""
    delegate(made, stage="removed")
    made.check("""
    from enforcer import LegacyCallError
    from shop.legacy import create_cart
    try:
        create_cart("c")
    except LegacyCallError as error:
        assert "was removed; main.py:" in str(error) and "(removed-call)" in str(error), error
    else:
        raise AssertionError
    """)


def test_a_canonical_factory_built_on_the_legacy_one(case):
    """It gets the legacy code, directly and through others; nothing goes round for ever."""
    case.write("old.py", "def create(context): return 'old', context\n")
    case.write("helper.py", "import old\ndef make(context): return old.create(context)\n")
    case.write(
        "fresh.py",
        """
        import asyncio, helper, old
        def get(context):
            if context == "direct":
                return "fresh", old.create(context)
            if context == "other":
                return "fresh", helper.make("direct")
            return "fresh", helper.make(context)
        """,
    )
    case.factory("old:create", "fresh:get")
    case.check("""
    import fresh, old
    assert old.create("direct") == fresh.get("direct") == ("fresh", ("old", "direct"))
    assert old.create("far") == ("fresh", ("old", "far"))
    assert old.create("other") == ("fresh", ("fresh", ("old", "direct")))
    """)
    counts = {}
    for row in case.rows:
        counts[row["file"]] = counts.get(row["file"], 0) + row["count"]
    assert counts == {"main.py": 3, "helper.py": 1}, "what the canonical side asks for is no use"


def test_a_task_that_outlives_the_delegation_is_a_caller_like_others(case):
    """What the canonical factory starts in the background is not inside it any more."""
    case.write("old.py", "async def create(context): return 'old'\n")
    case.write(
        "fresh.py",
        """
        import asyncio
        later = []
        async def get(context):
            import worker
            if not later:
                later.append(asyncio.create_task(worker.work(context)))
            return "fresh"
        """,
    )
    case.write(
        "worker.py",
        """
        import asyncio, old
        async def work(context):
            await asyncio.sleep(0.01)
            return await old.create(context)
        """,
    )
    case.factory("old:create", "fresh:get")
    case.check("""
    import asyncio, old
    async def main():
        first = await old.create("c")
        import fresh
        return first, await fresh.later[0]
    assert asyncio.run(main()) == ("fresh", "fresh")
    """)


def test_a_broken_canonical_side_leaves_the_legacy_factory_running(case):
    """The watched program comes first: what can't be imported can't answer, and that is said."""
    case.write("old.py", "def create(context): return 'old'\n")
    case.write("fresh.py", "import nowhere_to_be_found\n")
    case.factory("old:create", "fresh:get")
    case.factory("old:gone", "fresh:get")
    case.check("""
    import old
    assert old.create("c") == old.create("c") == "old"
    """)
    assert {("missing", "old:create"), ("missing", "old:gone")} <= case.notices


def test_patching_and_reloading(made):
    """A patched canonical factory answers; a reloaded legacy module is taken over again."""
    delegate(made)
    made.check("""
    from unittest import mock
    import shop.carts, shop.legacy
    assert shop.legacy.create_cart("c")[0] == "canonical"
    with mock.patch("shop.carts.get_cart", lambda user_context, size: "patched"):
        assert shop.legacy.create_cart("c") == "patched"
    with mock.patch("shop.legacy.create_cart", lambda context: "mine"):
        assert shop.legacy.create_cart("c") == "mine"
    importlib.reload(shop.legacy)
    assert shop.legacy.create_cart("c")[0] == "canonical"
    assert "exec_module" not in vars(shop.legacy.__loader__)
    """)


def test_a_class_is_no_factory(case):
    """A rule for its name does what is wanted."""
    case.write("old.py", "class Thing: pass\n")
    case.write("fresh.py", "def get(): pass\n")
    case.factory("old:Thing", "fresh:get")
    case.check("""
    import old
    assert type(old.Thing()) is old.Thing
    """)
    assert ("refused", "old:Thing") in case.notices


def test_a_property_is_no_factory(case):
    """Nobody calls it, so nothing stands in for it."""
    case.write(
        "old.py",
        """
        import functools
        class Holder:
            @property
            def value(self): return 1
            @functools.cached_property
            def cached(self): return 2
        """,
    )
    case.write("fresh.py", "def get(): pass\n")
    case.factory("old:Holder.value", "fresh:get")
    case.factory("old:Holder.cached", "fresh:get")
    case.check("""
    import old
    assert (old.Holder().value, old.Holder().cached) == (1, 2)
    """)
    assert {("missing", "old:Holder.value"), ("missing", "old:Holder.cached")} <= case.notices


def test_calls_from_many_threads_are_counted_once_each(made):
    """The first call prepares everything; threads may meet there."""
    delegate(made)
    made.check("""
    from shop.legacy import create_cart
    sys.setswitchinterval(1e-6)
    ready = threading.Barrier(8)
    wrong = []
    def work():
        ready.wait()
        for _ in range(500):
            if create_cart("c") != ("canonical", "c", "plain", 3):
                wrong.append(1)
    threads = [threading.Thread(target=work) for _ in range(8)]
    [thread.start() for thread in threads]; [thread.join() for thread in threads]
    assert not wrong
    """)
    assert sum(made.uses.values()) == 4000


def test_a_framework_that_calls_is_passed_over(case):
    """The use belongs to the nearest own code, with the framework's line beside it."""
    case.write("old.py", "def create(context): return 'old'\n")
    case.write("fresh.py", "def get(context): return 'fresh'\n")
    case.write("site-packages/framework.py", "def run(function):\n    return function('c')\n")
    case.factory("old:create", "fresh:get")
    case.check("""
    sys.path.append("site-packages")
    import framework, old
    assert framework.run(old.create) == framework.run(old.create) == "fresh"
    """)
    assert [row["file"] for row in case.rows] == ["main.py"]
    assert case.rows[0]["via"].endswith("framework.py:2")
    assert case.rows[0]["count"] == 2


DECORATED = {
    "by keyword": ("*args, _lock=LOCK, **kwargs", "*args, **kwargs"),
    "by position": ("context, size=3, _lock=LOCK", "context, size"),
    "by position, shown by keyword": (
        "context, size=3, tail='t', _lock=LOCK",
        "context, size, tail=tail",
    ),
}


@pytest.mark.parametrize(("taken", "passed"), DECORATED.values(), ids=DECORATED)
def test_what_a_decorator_takes_for_itself_is_not_delegated(made, taken, passed):
    """Only the parameters that the signature shows are the factory's."""
    made.write(
        "shop/legacy.py",
        f"""
        import functools
        LOCK = object()

        def locked(function):
            @functools.wraps(function)
            def wrapper({taken}):
                return function({passed})
            return wrapper

        @locked
        def create_cart(context, size=3, *, tail="t"):
            return ("legacy", context, size, tail)
        """,
    )
    made.write("shop/carts.py", "def get_cart(*args, **kwargs): return args, kwargs\n")
    delegate(made)
    made.check("""
    import inspect
    from shop.legacy import create_cart
    assert str(inspect.signature(create_cart)) == "(context, size=3, *, tail='t')"
    shown = {"size": 3, "tail": "t"}
    def as_named(given):
        args, kwargs = given
        return {**dict(zip(("user_context", "size", "tail"), args)), **kwargs}
    assert as_named(create_cart("c")) == {"user_context": "c", **shown}
    assert as_named(create_cart("c", size=4)) == {"user_context": "c", **shown, "size": 4}
    try:
        create_cart("c", _lock=1)
    except TypeError as error:
        assert "unexpected keyword argument '_lock'" in str(error), error
    else:
        raise AssertionError
    """)
