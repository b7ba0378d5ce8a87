"""A stage for a part of the fleet, and a dry run that refuses nobody."""

import pytest

from enforcer.rules.rollout import number_of

HOSTS = [f"host-{number}" for number in range(200)]
INSIDE = next(host for host in HOSTS if number_of(host) < 10)
OUTSIDE = next(host for host in HOSTS if number_of(host) >= 10)


@pytest.fixture
def moved(case):
    case.write("par/old.py", "ran = True\nclass Y: pass\n")
    case.rule("par.old", "new.sub", stage="observe")
    return case


@pytest.mark.parametrize(("host", "outcome"), [(INSIDE, "aliased"), (OUTSIDE, "observed")])
def test_the_host_decides(moved, host, outcome):
    """All processes of a host decide alike; forked ones have what their parent has."""
    moved.tables.append(("stage", {"path": "par.old", "percent": 10, "stage": "alias"}))
    moved.environment["ENFORCER_HOST"] = host
    moved.check(f"""
    import par.old
    os.environ["ENFORCER_HOST"] = "another"
    if os.fork() == 0:
        from par.old import Y
        assert Y.__module__ == {"new.sub" if outcome == "aliased" else "par.old"!r}
        os._exit(0)
    assert os.wait()[1] == 0
    """)
    assert {row["outcome"] for row in moved.rows} == {outcome}


@pytest.mark.parametrize(
    ("attributes", "outcome"),
    [
        ("", "observed"),
        ("service.name=shop", "observed"),
        ("service.name=shop,deployment.environment.name=production", "aliased"),
        ("service.name=shop,deployment.environment=production", "aliased"),
        ("service.name=pay,deployment.environment.name=production", "observed"),
    ],
)
def test_service_and_environment_decide(moved, attributes, outcome):
    moved.tables.append(
        ("stage", {"service": "shop", "environment": "production", "stage": "alias"})
    )
    moved.environment["OTEL_RESOURCE_ATTRIBUTES"] = attributes

    moved.check("import par.old")

    assert [row["outcome"] for row in moved.rows] == [outcome]


def test_instances_and_factories_have_stages_too(case):
    case.write("shop.py", "class Cart:\n    def __init__(self, user): pass\n")
    case.write("legacy.py", "def make(user): return 'legacy'\n")
    case.write("modern.py", "def make(user): return 'modern'\n")
    case.instances("shop:Cart", "user", stage="observe")
    case.factory("legacy:make", "modern:make", stage="observe")
    case.tables.append(("stage", {"stage": "alias"}))
    case.check("""
    import shop, legacy
    assert shop.Cart("u") is not shop.Cart("v")
    cart = shop.Cart("u")
    assert shop.Cart("u") is cart
    assert legacy.make("u") == "modern"
    """)


FORMS = [
    "import par.old",
    "from par import old",
    "from par.old import Y",
    "importlib.import_module('par.old')",
    "pickle.loads(b'cpar.old\\nY\\n.')",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stage", ["strict", "removed"])
def test_a_dry_run_records_whom_it_would_refuse(case, stage, form):
    case.write("par/old.py", "raise RuntimeError('the legacy body ran')\n")
    case.rule("par.old", "new.sub", stage=stage, refuse=False)
    case.tolerate(["par.old", "main.py", "tolerated"])
    case.check(f"""
    def tolerated():
        {form}
    def others():
        {form}
    for _ in range(3):
        tolerated(), others()
    """)
    assert {(row["function"], row["outcome"], row["count"]) for row in case.rows} == {
        ("tolerated", "exempted", 3),
        ("others", "would_block", 3),
    }


def test_a_dry_run_of_calls(case):
    case.write("legacy.py", "def make(user): return 'legacy'\ndef odd(mode): return 'legacy'\n")
    case.write("modern.py", "def make(user): return 'modern'\ndef odd(user): return 'modern'\n")
    case.options.append("refuse = false")
    for name in ("make", "odd"):
        case.factory(f"legacy:{name}", f"modern:{name}", stage="strict")
    case.check("""
    import legacy
    assert legacy.make("u") == "modern"
    assert legacy.odd("u") == "legacy"  # strict would raise DelegationError
    """)
    assert {row["outcome"] for row in case.rows} == {"would_block"}


def test_an_early_import_is_no_error_in_a_dry_run(case):
    """Strict has to be enabled before; what refuses nobody need not."""
    case.rule("par.old", "new.sub", stage="strict", refuse=False)
    case.write("par/old.py", "")
    case.environment["EARLY"] = "par.old"

    case.check("import par.old")

    assert [row["outcome"] for row in case.rows] == ["would_block"]


def test_what_a_mixed_fleet_can_not_exchange(case):
    """The table in docs/map.md: pickles, names of classes, errors, state of a module."""
    for name in ("par/old.py", "new/sub.py"):
        case.write(name, "REGISTRY = []\nclass Y: pass\nclass Error(Exception): pass\n")
    case.rule("par.old", "new.sub", stage="observe")
    case.tables.append(("stage", {"percent": 10, "stage": "alias"}))
    sending = """
    import par.old, new.sub
    with open("HOST", "wb") as file:
        pickle.dump((par.old.Y(), par.old.Error()), file)
    assert f"{par.old.Y.__module__}.Y" == "NAME"
    par.old.REGISTRY.append(1)
    assert (new.sub.REGISTRY == [1]) == IS_ALIASED
    """
    reading = """
    import par.old, new.sub
    with open("HOST", "rb") as file:
        sent, error = pickle.load(file)
    assert type(sent) is new.sub.Y
    assert isinstance(sent, par.old.Y) is HOLDS
    try:
        raise error
    except par.old.Error:
        assert HOLDS
    except new.sub.Error:
        assert not HOLDS
    """

    def run(host, program, **words):
        case.environment["ENFORCER_HOST"] = host
        for word, value in words.items():
            program = program.replace(word, str(value))
        case.check(program.replace('"HOST"', repr(str(case.folder / "sent"))))

    run(INSIDE, sending, NAME="new.sub.Y", IS_ALIASED=True)
    run(OUTSIDE, reading, HOLDS=False)
    run(OUTSIDE, sending, NAME="par.old.Y", IS_ALIASED=False)
    run(INSIDE, reading, HOLDS=True)
