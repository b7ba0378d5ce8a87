"""One instance for each key, whichever path created it."""

import pytest


@pytest.fixture
def users(case):
    """Give a manager that is kept by the id of a user."""
    case.write(
        "chat.py",
        """
        class Context:
            def __init__(self, user_id): self.user_id = user_id

        class Manager:
            made = 0
            def __init__(self, user_context, mode="plain"):
                Manager.made += 1
                self.user_context = user_context
                self.mode = mode
        """,
    )
    case.instances("chat:Manager", "user_context.user_id")
    return case


def test_one_instance_for_each_key(users):
    """By position and by keyword, from attributes, dictionaries and mappings; `__init__` runs once."""
    users.check("""
    import types
    from chat import Context, Manager
    one = Manager(Context("a"))
    assert one is Manager(Context("a"), "other") is Manager(mode="x", user_context=Context("a"))
    assert one is Manager({"user_id": "a"}) is Manager(types.MappingProxyType({"user_id": "a"}))
    other = Manager(Context("b"))
    assert other is not one and Manager.made == 2
    assert one.mode == "plain" and type(one) is Manager and isinstance(one, Manager)
    """)


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        ("Manager(None)", '"user_context" is None'),
        ("Manager(Context(None))", '"user_context.user_id" is None'),
        ("Manager({})", '"user_context" is a dict without "user_id"'),
        ("Manager(object())", '"user_context" is a object without "user_id"'),
        ("Manager(Context([]))", '"user_context.user_id" is a list'),
        ("Loose()", '"user_context" is None'),
        ("Open()", '"user_context" was not given'),
    ],
)
def test_a_missing_key_is_an_error(users, call, missing):
    """It names the rule, the expression and what was missing; nothing is ever shared instead."""
    users.write(
        "loose.py",
        """
        class Loose:
            def __init__(self, user_context=None): pass
        class Open:
            def __init__(self, **options): pass
        """,
    )
    users.instances("loose:Loose", "user_context.user_id")
    users.instances("loose:Open", "user_context.user_id")
    users.check(f"""
    from enforcer import InstanceError
    from chat import Context, Manager
    from loose import Loose, Open
    for _ in range(2):
        try:
            {call}
        except InstanceError as error:
            assert {missing!r} in str(error), error
            assert ' by "user_context.user_id"' in str(error), error
        else:
            raise AssertionError
    assert Manager.made == 0
    """)


def test_a_call_without_a_key_may_get_an_instance_of_its_own(case):
    """By choice of the map: made as without the rule, shared with nobody, and kept for nobody."""
    case.write(
        "kinds.py",
        """
        class Plain:
            made = 0
            def __init__(self, user=None, **more):
                type(self).made += 1
                self.user = user
        class Slotted:
            __slots__ = ("user", "__weakref__")
            def __new__(cls, user=None):
                self = object.__new__(cls)
                self.user = user
                return self
        def get(user=None): return Plain(user)
        def passing(user=None): return fetch(user)
        async def fetch(user=None): return Plain(user)
        """,
    )
    for name in ("Slotted", "get", "fetch", "passing"):
        case.instances(f"kinds:{name}", "user.id", missing="own")
    case.instances("kinds:Plain", "user.id", missing="own")
    case.check("""
    import asyncio, copy
    from kinds import Plain, Slotted, fetch, get, passing
    lacking = (None, {}, {"id": None}, object())
    for make in (Plain, Slotted, get):
        own = [make(), make(), *map(make, lacking), *(make(user=each) for each in lacking)]
        assert len(set(map(id, own))) == len(own), make
        assert [each.user for each in own[2:6]] == list(lacking), make
        assert make({"id": 1}) is make(user={"id": 1}) is not make({"id": 2})
        assert make({"id": 1}) is not own[0]
    Plain.made = 0
    Plain(); Plain(other=1); copy.copy(Plain({"id": 3}))
    assert Plain.made == 3
    async def main():
        for make in (fetch, passing):
            one, other = await make(), await make({})
            assert one is not other and type(one) is type(other) is Plain
            kept = await make({"id": 1})
            assert kept is await make(user={"id": 1}) and kept is not one
            assert await make() is not one
    asyncio.run(main())
    from enforcer import InstanceError
    for make in (Plain, get):
        try:
            make({"id": []})
        except InstanceError as error:
            assert "can't be looked up" in str(error)
        else:
            raise AssertionError
    """)


def test_a_missing_argument_is_the_error_that_it_was(users):
    """Python says which one."""
    users.check("""
    from chat import Manager
    try:
        Manager()
    except TypeError as error:
        assert "__init__() missing 1 required positional argument: 'user_context'" in str(error), error
    else:
        raise AssertionError
    """)


def test_keys_are_reached_in_many_ways(case):
    """A plain argument, a default, a nested path, an item named like a method of dictionaries."""
    case.write(
        "things.py",
        """
        class Plain:
            def __init__(self, key, size=1): pass
        class Default:
            def __init__(self, first=1, *, place="home"): pass
        class Deep:
            def __init__(self, request): pass
        class Item:
            def __init__(self, row): pass
        class Named:
            def __init__(self, **options): pass
        class New:
            def __new__(cls, name): return super().__new__(cls)
        """,
    )
    case.instances("things:Plain", "key")
    case.instances("things:Default", "place")
    case.instances("things:Deep", "request.session.user.id")
    case.instances("things:Item", "row.items")
    case.instances("things:Named", "name")
    case.instances("things:New", "name")
    case.check("""
    from types import SimpleNamespace as Space
    from things import *
    from things import Deep, Default, Item, Named, New, Plain
    kept = [Plain(1), Default(), Deep({"session": Space(user={"id": 7})}), Item({"items": 3}), Named(name=1), New(1)]
    assert Plain(1, 2) is kept[0] is not Plain(2)
    assert Default(5) is kept[1] is Default(place="home") is not Default(place="work")
    assert Deep(Space(session={"user": Space(id=7)})) is kept[2]
    assert Item({"items": 3}) is kept[3]
    assert Named(name=1, other=2) is kept[4] is not Named(name=2)
    assert New(1) is kept[5] is not New(name=2)
    """)


def test_an_instance_goes_with_its_last_user(users):
    """It is held weakly; the next call makes another one."""
    users.check("""
    import gc, weakref
    from chat import Context, Manager
    gone = weakref.ref(Manager(Context("a")))
    gc.collect()
    assert gone() is None
    again = Manager(Context("a"))
    assert Manager.made == 2 and Manager(Context("a")) is again
    """)


def test_release(users):
    """The map's own path and a key; who still holds the old one keeps it."""
    users.check("""
    import enforcer
    from chat import Context, Manager
    assert not enforcer.release("chat:Manager", "a")
    old = Manager(Context("a"))
    assert enforcer.release("chat:Manager", "a") and not enforcer.release("chat:Manager", "a")
    assert not enforcer.release("chat:Nobody", "a")
    fresh = Manager(Context("a"))
    assert fresh is not old and Manager(Context("a")) is fresh
    del old
    assert Manager(Context("a")) is fresh
    """)


def test_a_failing_init_leaves_nothing(case):
    """The next call tries anew."""
    case.write(
        "chat.py",
        """
        fails = [True]
        class Manager:
            def __init__(self, user_id):
                if fails: raise ValueError(fails.pop())
        """,
    )
    case.instances("chat:Manager", "user_id")
    case.check("""
    from chat import Manager
    try:
        Manager(1)
    except ValueError:
        pass
    else:
        raise AssertionError
    assert Manager(1) is not None
    """)


def test_subclasses_are_left_alone(users):
    """Their own instances, their own `__init__`, their own signature, and any metaclass beside."""
    users.check("""
    import abc, inspect
    from typing import Protocol
    from chat import Context, Manager
    class Named(Protocol):
        def name(self): ...
    class Sub(Manager):
        def __init__(self, size, user_context=None):
            super().__init__(user_context)
            self.size = size
    class Plain(Manager): pass
    class Abstract(Manager, abc.ABC): pass
    class Proto(Manager, Named): pass
    class Made(Manager):
        def __new__(cls, *args): return super().__new__(cls)
    a, b = Sub(1), Sub(1)
    assert a is not b and a.size == 1 and a.user_context is None
    context = Context("a")
    for kind in (Plain, Abstract, Proto, Made):
        one, two = kind(context), kind(context)
        assert one is not two and one.user_context is context and type(one) is kind
    assert type(Plain) is type and isinstance(one, Manager)
    assert str(inspect.signature(Sub)) == "(size, user_context=None)"
    kept = Manager(context)
    assert Manager(context) is kept and type(kept) is Manager
    """)


def test_what_is_asked_of_the_class_stays_as_it_was(users):
    """Identity, metaclass, signature, annotations, documentation, pickling by name."""
    users.environment["BEFORE"] = """
import builtins, inspect, chat
builtins.WAS = (chat.Manager, type(chat.Manager), inspect.signature(chat.Manager), chat.Manager.__doc__,
    inspect.signature(chat.Manager.__init__), chat.Manager.__init__, chat.Manager.__mro__)
"""
    users.check("""
    import inspect, chat
    Manager = chat.Manager
    assert WAS == (Manager, type(Manager), inspect.signature(Manager), Manager.__doc__,
        inspect.signature(Manager.__init__), Manager.__init__, Manager.__mro__)
    assert pickle.loads(pickle.dumps(Manager)) is Manager
    """)


def test_copies_and_pickles_of_instances(case):
    """They are instances of their own, with the state of the first; the one that is kept is not touched."""
    case.write(
        "chat.py",
        """
        class Plain:
            def __init__(self, user_id): self.user_id = user_id; self.seen = []
        class Slots:
            __slots__ = ("user_id", "seen", "__weakref__")
            def __init__(self, user_id): self.user_id = user_id; self.seen = []
        class Arguments:
            def __init__(self, user_id): self.user_id = user_id; self.seen = []
            def __new__(cls, user_id): return super().__new__(cls)
            def __getnewargs__(self): return (self.user_id,)
        """,
    )
    for name in ("Plain", "Slots", "Arguments"):
        case.instances(f"chat:{name}", "user_id")
    case.check("""
    import copy, chat
    for name in ("Plain", "Slots", "Arguments"):
        kind = getattr(chat, name)
        one = kind("a")
        others = [copy.copy(one), copy.deepcopy(one)]
        others += [pickle.loads(pickle.dumps(one, protocol)) for protocol in range(2, 6)]
        one.seen.append(1)
        for other in others:
            assert other is not one and type(other) is kind and other.user_id == "a", name
        assert [other.seen for other in others[1:]] == [[]] * 5, name
        assert kind("a") is one and one.seen == [1], name
        bare = kind.__new__(kind, *(("a",) if name == "Arguments" else ()))
        assert bare is not one and not hasattr(bare, "user_id"), name
    """)


def test_kinds_of_classes(case):
    """Dataclasses, slots, generics, abstract bases, inherited `__init__`, a metaclass with a say."""
    case.write(
        "chat.py",
        """
        import abc, dataclasses, typing
        T = typing.TypeVar("T")
        @dataclasses.dataclass
        class Data:
            user_id: str
            tags: list = dataclasses.field(default_factory=list)
        @dataclasses.dataclass(frozen=True, slots=True, weakref_slot=True)
        class Frozen:
            user_id: str
        class Slots:
            __slots__ = ("user_id",)
            def __init__(self, user_id): self.user_id = user_id
        class Generic(typing.Generic[T]):
            def __init__(self, user_id: str): self.user_id = user_id
        class Abstract(abc.ABC):
            @abc.abstractmethod
            def run(self): ...
            def __init__(self, user_id): self.user_id = user_id
        class Concrete(Abstract):
            def run(self): ...
        class Base:
            def __init__(self, user_id): self.user_id = user_id
        class Inherits(Base): pass
        class Meta(type):
            calls = 0
            def __call__(cls, *args, **kwargs):
                Meta.calls += 1
                return super().__call__(*args, **kwargs)
        class WithMeta(metaclass=Meta):
            def __init__(self, user_id): self.user_id = user_id
        class Table(dict):
            def __init__(self, user_id): super().__init__(user_id=user_id)
        """,
    )
    names = ("Data", "Frozen", "Slots", "Generic", "Concrete", "Inherits", "WithMeta", "Table")
    for name in names:
        case.instances(f"chat:{name}", "user_id")
    case.check(f"""
    import copy, inspect, chat
    from chat import *
    for name in {names}:
        kind = getattr(chat, name)
        one = kind("a")
        assert kind("a") is one and kind(user_id="a") is one and kind("b") is not one, name
        assert type(one) is kind and ("user_id" in str(inspect.signature(kind)) or name == "WithMeta"), name
        again = copy.copy(one)
        assert again is not one and type(again) is kind, name
    one = Generic("g")
    assert Generic[int]("g") is one
    base = Base("a"), Base("a")
    assert base[0] is not base[1]
    table = Table("a")
    table["more"] = 1
    assert Table("a") == {{"user_id": "a", "more": 1}}
    assert Data("d") == Data(user_id="d")
    try:
        Abstract("a")
    except TypeError:
        pass
    else:
        raise AssertionError
    """)
    assert ("held", "chat:Slots") in case.notices


def test_threads_that_meet_get_one_instance(case):
    """The first makes it, the others wait; different keys don't wait for each other."""
    case.write(
        "chat.py",
        """
        import threading, time
        made = []
        both = threading.Barrier(2)
        class Manager:
            def __init__(self, user_id):
                made.append(user_id)
                both.wait(300)
                time.sleep(0.01)
        """,
    )
    case.instances("chat:Manager", "user_id")
    case.check("""
    import chat
    found = {"a": [], "b": []}
    def ask(key): found[key].append(chat.Manager(key))
    threads = [threading.Thread(target=ask, args=(key,)) for key in "ab" * 8]
    [thread.start() for thread in threads]; [thread.join() for thread in threads]
    assert sorted(chat.made) == ["a", "b"], "both were being made at the same time"
    assert all(len(each) == 8 and len(set(map(id, each))) == 1 for each in found.values())
    assert found["a"][0] is not found["b"][0]
    """)


def test_many_threads_and_keys_never_share_or_double(case):
    """Under contention each key has one live instance at a time."""
    case.write(
        "chat.py",
        """
        import itertools
        class Manager:
            number = itertools.count()
            def __init__(self, user_id):
                self.user_id = user_id
                self.number = next(Manager.number)
        """,
    )
    case.instances("chat:Manager", "user_id")
    case.check("""
    import chat
    sys.setswitchinterval(1e-6)
    wrong = []
    ready = threading.Barrier(8)
    def work(seed):
        ready.wait(300)
        for step in range(400):
            key = (seed + step) % 5
            one = chat.Manager(key)
            two = chat.Manager(key)
            if one is not two or one.user_id != key:
                wrong.append(key)
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    [thread.start() for thread in threads]; [thread.join() for thread in threads]
    assert not wrong
    """)


def test_no_thread_initialises_what_another_one_made(case):
    """Not even one that finds an instance at the moment when it is kept, or released."""
    case.write(
        "chat.py",
        """
        class Manager:
            def __init__(self, key):
                assert not hasattr(self, "key"), "initialised twice"
                self.key = key
        """,
    )
    case.instances("chat:Manager", "key")
    case.check("""
    import enforcer
    from chat import Manager
    failures = []
    def work(number):
        try:
            for turn in range(1500):
                key = (turn + number) % 3
                assert Manager(key).key == key
                if turn % 3 == 0:
                    enforcer.release("chat:Manager", key)
        except AssertionError as error:
            failures.append(error)
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert not failures, failures[0]
    """)


def test_a_failure_belongs_to_the_call_that_made_it(case):
    """Those who waited try again."""
    case.write(
        "chat.py",
        """
        import threading
        waiting = threading.Event()
        calls = []
        class Manager:
            def __init__(self, user_id):
                calls.append(1)
                if len(calls) == 1:
                    waiting.wait(300)
                    raise ValueError("the first one fails")
        """,
    )
    case.instances("chat:Manager", "user_id")
    case.check("""
    import chat, time
    results = []
    def ask():
        try:
            results.append(chat.Manager(1))
        except ValueError as error:
            results.append(error)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    [thread.start() for thread in threads]
    while not chat.calls: time.sleep(0.001)
    chat.waiting.set()
    [thread.join() for thread in threads]
    errors = [each for each in results if isinstance(each, ValueError)]
    managers = {id(each) for each in results if not isinstance(each, ValueError)}
    assert len(errors) == 1 and len(results) == 4 and len(managers) == 1 and len(chat.calls) == 2
    """)


def test_asking_for_oneself_is_an_error(case):
    """Not a deadlock; another key is fine."""
    case.write(
        "chat.py",
        """
        class Manager:
            def __init__(self, user_id):
                self.peer = Manager("peer") if user_id != "peer" else None
                if user_id == "loop": Manager("loop")
        """,
    )
    case.instances("chat:Manager", "user_id")
    case.check("""
    from enforcer import InstanceError
    from chat import Manager
    one = Manager("a")
    assert one.peer is Manager("peer")
    try:
        Manager("loop")
    except InstanceError as error:
        assert "(instance-circle)" in str(error)
    else:
        raise AssertionError
    """)


def test_two_threads_that_ask_for_each_others_instance(case):
    """One of them is told; neither waits for ever."""
    case.write(
        "chat.py",
        """
        import threading
        both = threading.Barrier(2)
        class Manager:
            def __init__(self, user_id, other=None):
                if other:
                    both.wait(300)
                    Manager(other)
        """,
    )
    case.instances("chat:Manager", "user_id")
    case.check("""
    from enforcer import InstanceError
    import chat
    results = []
    def ask(key, other):
        try:
            results.append(chat.Manager(key, other))
        except InstanceError as error:
            results.append(error)
    threads = [threading.Thread(target=ask, args=pair) for pair in (("a", "b"), ("b", "a"))]
    [thread.start() for thread in threads]; [thread.join(300) for thread in threads]
    errors = [each for each in results if isinstance(each, InstanceError)]
    assert len(results) == 2 and len(errors) == 1, results
    """)


def test_sync_and_async_factories(case):
    """Functions are kept by key as classes are; whoever imported them before as well."""
    case.write(
        "chat.py",
        """
        import asyncio
        class Manager:
            def __init__(self, user): self.user = user
        made = []
        def get(user_context, size=1):
            made.append(size)
            return Manager(user_context)
        async def fetch(user_context, *, size=1):
            await asyncio.sleep(0.01)
            made.append(size)
            return Manager(user_context)
        TABLE = {"get": get, "fetch": fetch}
        """,
    )
    case.instances("chat:get", "user_context.id")
    case.instances("chat:fetch", "user_context.id")
    case.check("""
    import asyncio, inspect
    from chat import TABLE, fetch, get, made
    from enforcer import InstanceError
    one = get({"id": 1})
    assert one is TABLE["get"](user_context={"id": 1}, size=5) is not get({"id": 2})
    assert made == [1, 1] and str(inspect.signature(get)) == "(user_context, size=1)"
    assert inspect.iscoroutinefunction(fetch) and fetch is TABLE["fetch"]
    async def main():
        made.clear()
        each = await asyncio.gather(*(fetch({"id": number % 3}) for number in range(12)))
        assert len(made) == 3 and len(set(map(id, each))) == 3
        assert await fetch({"id": 1}) is each[1] is await asyncio.create_task(fetch({"id": 1}))
        assert each[0] is not one
        try:
            await fetch({})
        except InstanceError as error:
            assert "(instance-key-missing)" in str(error)
        else:
            raise AssertionError
    asyncio.run(main())
    """)


def test_decorated_functions_are_kept_inside(case):
    """What decorates them runs with each call, and may give them more than their callers do."""
    case.write(
        "chat.py",
        """
        import asyncio, functools
        class Manager: pass
        def logged(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                calls.append(function.__name__)
                return function(*args, **kwargs)
            return wrapper
        def with_database(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function("database", *args, **kwargs)
            return wrapper
        def in_a_loop(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return asyncio.run(function(*args, **kwargs))
            return wrapper
        calls = []
        @logged
        def get(user, size=1): return Manager()
        @logged
        async def fetch(user, size=1): return Manager()
        @logged
        @with_database
        def select(database, user, size=1): return Manager()
        @in_a_loop
        async def run(user): return Manager()
        """,
    )
    for name in ("get", "fetch", "select", "run"):
        case.instances(f"chat:{name}", "user")
    case.check("""
    import asyncio
    from chat import calls, fetch, get, run, select
    one = get("a")
    assert one is get("a", 2) is get(size=3, user="a") is not get("b")
    assert calls == ["get"] * 4
    two = select("a", 2)
    assert two is select("a") is select(user="a") is not select("b", 2)
    three = run("a")
    assert three is run("a") is not run("b")
    async def main():
        four, five, six = await asyncio.gather(fetch("a"), fetch("a"), fetch("b"))
        assert four is five is await fetch("a", size=7) is not six
    asyncio.run(main())
    """)


def test_classes_with_a_decorated_init(case):
    """It runs once with all that decorates it; one that takes what callers don't give is refused."""
    case.write(
        "chat.py",
        """
        import functools
        def logged(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                calls.append(args[1:])
                return function(*args, **kwargs)
            return wrapper
        def with_database(function):
            @functools.wraps(function)
            def wrapper(self, *args, **kwargs):
                return function(self, "database", *args, **kwargs)
            return wrapper
        calls = []
        class Manager:
            @logged
            def __init__(self, user, size=1): self.sizes = getattr(self, "sizes", ()) + (size,)
        class Sub(Manager): pass
        class Selecting:
            @with_database
            def __init__(self, database, user, size=1): self.user = user
        class SubSelecting(Selecting):
            def __init__(self, user): super().__init__(user)
        """,
    )
    case.instances("chat:Manager", "user")
    case.instances("chat:Selecting", "user")
    case.check("""
    from enforcer import InstanceError
    from chat import Manager, Selecting, Sub, SubSelecting, calls
    one = Manager("a")
    assert one is Manager("a", 2) is Manager(user="a") is not Manager("b")
    assert calls == [("a",), ("b",)] and one.sizes == (1,)
    assert Sub("a") is not Sub("a") and Sub("a", 5).sizes == (5,)
    kept = Selecting(user="a")
    assert kept is Selecting(user="a") is not Selecting(user="b")
    assert SubSelecting("a").user == "a"
    for arguments in (("a", 2), ("b", 2)):
        try:
            Selecting(*arguments)
        except InstanceError as error:
            assert "its __init__ is decorated" in str(error) and "(not-keyed)" in str(error)
        else:
            raise AssertionError
    """)


def test_a_class_method_makes_others_for_subclasses(case):
    """Those are left alone, as subclasses of a kept class are."""
    case.write(
        "chat.py",
        """
        class Manager:
            @classmethod
            def create(cls, user): return cls()
            @classmethod
            async def fetch(cls, user): return cls()
            @staticmethod
            def make(user): return Manager()
        class Sub(Manager): pass
        """,
    )
    for name in ("create", "fetch", "make"):
        case.instances(f"chat:Manager.{name}", "user")
    case.check("""
    import asyncio
    from chat import Manager, Sub
    one = Manager.create("a")
    assert one is Manager.create(user="a") is one.create("a") is not Manager.create("b")
    assert type(Sub.create("a")) is Sub and Sub.create("a") is not Sub.create("a")
    two = Manager.make("a")
    assert two is Sub.make("a")
    async def main():
        three = await Manager.fetch("a")
        assert three is await Manager.fetch(user="a")
        assert type(await Sub.fetch("a")) is Sub
    asyncio.run(main())
    """)


def test_a_function_that_passes_on_a_coroutine(case):
    """Its first result tells that it is async; what is kept is what the coroutine gives."""
    case.write(
        "chat.py",
        """
        import asyncio
        made = []
        class Manager: pass
        async def create(user):
            await asyncio.sleep(0.01)
            made.append(user)
            return Manager()
        def fetch(user): return create(user)
        def get(user, later=False): return create(user) if later else Manager()
        """,
    )
    case.instances("chat:fetch", "user")
    case.instances("chat:get", "user")
    case.check("""
    import asyncio
    from chat import fetch, get, made
    from enforcer import InstanceError
    async def main():
        each = await asyncio.gather(*(fetch(number % 3) for number in range(9)))
        assert sorted(made) == [0, 1, 2] and len(set(map(id, each))) == 3
        assert await fetch(1) is each[1] is await fetch(user=1)
    asyncio.run(main())
    one = get("a")
    assert one is get("a")
    try:
        get("b", later=True)
    except InstanceError as error:
        assert "(not-keyed)" in str(error)
    else:
        raise AssertionError
    """)


def test_a_cancelled_creator_poisons_nothing(case):
    """The next one who waits makes the instance; an error is its own call's alone."""
    case.write(
        "chat.py",
        """
        import asyncio
        class Manager: pass
        calls = []
        async def fetch(key):
            calls.append(key)
            if len(calls) == 1: await asyncio.sleep(60)
            if len(calls) == 2: raise ValueError("second")
            await asyncio.sleep(0)
            return Manager()
        """,
    )
    case.instances("chat:fetch", "key")
    case.check("""
    import asyncio, chat
    async def main():
        tasks = [asyncio.create_task(chat.fetch("a")) for _ in range(5)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        tasks[0].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        errors = [each for each in results[1:] if isinstance(each, ValueError)]
        kept = {id(each) for each in results[1:] if not isinstance(each, Exception)}
        assert len(errors) == 1 and len(kept) == 1 and len(chat.calls) == 3, results
    asyncio.run(main())
    """)


def test_event_loops_of_two_threads_share_one_instance(case):
    """Who waits in one loop is woken by the other one."""
    case.write(
        "chat.py",
        """
        import asyncio
        class Manager: pass
        calls = []
        async def fetch(key):
            calls.append(key)
            await asyncio.sleep(0.05)
            return Manager()
        """,
    )
    case.instances("chat:fetch", "key", hold="strong")
    case.check("""
    import asyncio, chat
    found = []
    async def ask(): found.extend(await asyncio.gather(*(chat.fetch("a") for _ in range(5))))
    threads = [threading.Thread(target=lambda: asyncio.run(ask())) for _ in range(4)]
    [thread.start() for thread in threads]; [thread.join(300) for thread in threads]
    assert len(found) == 20 and len(set(map(id, found))) == 1 and chat.calls == ["a"]
    """)


def test_an_async_creation_that_asks_for_itself(case):
    """The same task would wait for itself."""
    case.write("chat.py", "async def fetch(key):\n    return await fetch(key)\n")
    case.instances("chat:fetch", "key")
    case.check("""
    import asyncio, chat
    from enforcer import InstanceError
    try:
        asyncio.run(chat.fetch("a"))
    except InstanceError as error:
        assert "(instance-circle)" in str(error)
    else:
        raise AssertionError
    """)


def test_maximum_with_weak_instances(case):
    """One too many is an error, until somebody lets go."""
    case.write("chat.py", "class Manager:\n    def __init__(self, key): self.me = self\n")
    case.instances("chat:Manager", "key", maximum=2)
    case.check("""
    from chat import Manager
    from enforcer import InstanceError
    one, two = Manager(1), Manager(2)
    try:
        Manager(3)
    except InstanceError as error:
        assert "has 2 instances in use, and the map allows 2" in str(error), error
        assert "(too-many-instances)" in str(error)
    else:
        raise AssertionError
    assert Manager(1) is one
    del two  # it is part of a cycle, which only the collector finds
    assert Manager(3).me and Manager(1) is one
    """)


def test_maximum_with_strong_instances(case):
    """What nobody uses makes room, the least recently used first; what is in use stays."""
    case.write(
        "chat.py",
        """
        class Manager:
            def __init__(self, key): self.key = key
        """,
    )
    case.instances("chat:Manager", "key", maximum=3, hold="strong")
    case.check("""
    import weakref
    from chat import Manager
    from enforcer import InstanceError
    refs = {key: weakref.ref(Manager(key)) for key in (1, 2, 3)}
    assert all(ref() for ref in refs.values()), "nobody uses them, and they stay"
    Manager(1)
    three = Manager(3)
    Manager(4)
    assert refs[2]() is None and refs[1]() is not None
    Manager(5)
    assert refs[1]() is None and Manager(3) is three
    kept = [Manager(4), Manager(5)]
    try:
        Manager(6)
    except InstanceError:
        pass
    else:
        raise AssertionError
    assert Manager(4) is kept[0] and Manager(5) is kept[1]
    """)


def test_each_path_gives_the_same_instance(case):
    """An alias, a legacy factory, the canonical factory and the class itself."""
    case.write(
        "new/managers.py",
        """
        class Manager:
            def __init__(self, user_context, mode="plain"): self.user_context = user_context
        async def get_manager(user_context, mode="plain"): return Manager(user_context, mode)
    """,
    )
    case.write("old.py", "raise SystemExit\n")
    case.write(
        "factories.py",
        "def create_manager(ctx, user_id=None): raise SystemExit\nasync def create(ctx): ...\n",
    )
    case.rule("old", "new.managers", names={"OldManager": "Manager"})
    case.factory(
        "factories:create_manager",
        "new.managers:Manager",
        arguments={"ctx": "user_context", "user_id": ""},
    )
    case.factory("factories:create", "new.managers:get_manager", arguments={"ctx": "user_context"})
    case.instances("new.managers:Manager", "user_context.user_id")
    case.check("""
    import asyncio
    from old import OldManager
    from factories import create, create_manager
    from new.managers import Manager, get_manager
    context = {"user_id": "a"}
    one = OldManager(context)
    assert one is create_manager(context, "a") is Manager(context)
    assert one is asyncio.run(create(context)) is asyncio.run(get_manager(context))
    assert create_manager({"user_id": "b"}) is not one
    """)


def test_observe_and_disable_leave_the_class_as_it_is(users):
    """In stage observe nothing happens; after disable() each call makes an instance again."""
    users.tables[0][1]["stage"] = "observe"
    users.write(
        "other.py",
        "class Thing:\n    def __init__(self, key, size=1): self.key = key\nclass Sub(Thing): pass\n",
    )
    users.instances("other:Thing", "key")
    users.check("""
    import enforcer
    from chat import Context, Manager
    context = Context("a")
    assert Manager(context) is not Manager(context) and "__new__" not in vars(Manager)
    from other import Sub, Thing
    one = Thing(1)
    assert Thing(1) is one
    enforcer.disable()
    two = Thing(1, 2)
    assert two is not one and two.key == 1 and Thing(key=1) is not two and Sub(3).key == 3
    import inspect
    assert str(inspect.signature(Thing)) == "(key, size=1)"
    """)


def test_a_forked_child_waits_for_no_thread_that_it_has_not(case):
    """What another thread of the parent was making, the child makes itself."""
    case.write(
        "chat.py",
        """
        import threading
        begun, go_on = threading.Event(), threading.Event()
        class Manager:
            def __init__(self, key):
                begun.set()
                if threading.current_thread().name == "slow": go_on.wait(300)
        """,
    )
    case.instances("chat:Manager", "key")
    case.check("""
    import warnings, chat
    warnings.simplefilter("ignore")
    kept = chat.Manager("kept")
    chat.begun.clear()
    thread = threading.Thread(target=chat.Manager, args=("a",), name="slow")
    thread.start()
    chat.begun.wait(300)
    child = os.fork()
    if child == 0:
        one = chat.Manager("a")
        os._exit(0 if one is chat.Manager("a") and chat.Manager("kept") is kept else 1)
    assert os.waitpid(child, 0)[1] == 0
    chat.go_on.set()
    thread.join()
    """)


def test_a_reloaded_module_begins_anew(users):
    """Its class is another one, and so are its instances; the old class keeps its own."""
    users.check("""
    import chat, enforcer
    Manager, context = chat.Manager, chat.Context("a")
    old = Manager(context)
    importlib.reload(chat)
    new = chat.Manager(context)
    assert type(new) is chat.Manager is not Manager
    assert new is chat.Manager(context) is not old and Manager(context) is old
    assert enforcer.release("chat:Manager", "a") and chat.Manager(context) is not new
    enforcer.disable()
    assert Manager(context) is not old and chat.Manager(context) is not chat.Manager(context)
    """)


def test_what_can_not_be_kept_is_said(case):
    """A class written in C, a generator, a missing name, a key that is no parameter."""
    case.write(
        "chat.py",
        """
        from array import array
        def generate(key): yield key
        class Manager:
            def __init__(self, context): pass
        """,
    )
    case.instances("chat:array", "key")
    case.instances("chat:generate", "key")
    case.instances("chat:Gone", "key")
    case.instances("chat:Manager", "user.id")
    case.check("""
    import chat
    assert list(chat.generate(1)) == [1] and chat.array("i").typecode == "i"
    assert chat.Manager(1) is not chat.Manager(1)
    """)
    assert {
        ("refused", f"chat:{name}") for name in ("array", "generate", "Gone", "Manager")
    } <= case.notices
