"""Test ``enforcer verify`` on small programs: each outcome of each invariant, and bad input."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner, Result

import enforcer
from enforcer.cli.main import main
from enforcer.rules.rollout import number_of

pytestmark = pytest.mark.process

MAP = """\
[[rule]]
legacy = "shop.old_cart"
canonical = "shop.cart"

[[factory]]
legacy = "shop.legacy:make_cart"
canonical = "shop.cart:get_cart"
arguments = { who = "user" }

[[instances]]
canonical = "shop.cart:Cart"
key = "user.id"
"""

FILES = {
    "enforcer.toml": MAP,
    "shop/__init__.py": "",
    "shop/cart.py": """\
        class Cart:
            def __init__(self, user): self.user = user
        async def get_cart(user): return Cart(user)
        """,
    "shop/old_cart.py": """\
        class Cart:
            def __init__(self, user): self.user = user
        """,
    "shop/legacy.py": """\
        from shop.cart import Cart
        async def make_cart(who): return Cart(who)
        """,
    "shop/web.py": "from shop.old_cart import Cart",
    "shop/mail.py": "from shop.legacy import make_cart",
}

HEALED = """\
enforcer.toml, with the enforcer

✓ Import paths (critical): passed
  4 import paths to 2 objects
✓ Instances (critical): passed
  4 paths, 1 instance for 1 key
✓ Factories (high): passed
  1 legacy factory delegates
✓ Services (high): passed
  2 modules use legacy paths
✓ Sharing (medium): passed
  21 requests by threads and tasks
✓ Definitions (medium): passed
  1 class, each once

6 of 6 invariants hold, with the enforcer
"""

OFF = """\
enforcer.toml, without the enforcer

✗ Import paths (critical): violated
  4 import paths to 2 objects, and 2 of them lead elsewhere
    ✗ has code of its own instead of the canonical object, 2 times: shop.legacy.make_cart, \
shop.old_cart.Cart
  Impact: There is more than one of what should be one: callers of one path don't see what \
callers of another one do.
✗ Instances (critical): violated
  4 paths, 4 instances for 1 key
    ✗ shop.cart.get_cart: gives instance 2, of Cart
    ✗ shop.legacy.make_cart: gives instance 3, of Cart
    ✗ shop.old_cart.Cart: gives instance 4, of Cart
  Impact: What one part of the program sets, another one reads from an instance that knows \
nothing of it: events are lost, or come twice.
✗ Factories (high): violated
  1 legacy factory, 1 without delegation
    ✗ shop.legacy.make_cart: gives another instance
  Impact: Who calls the legacy factory gets something that nobody else has.
✗ Services (high): violated
  2 modules use legacy paths, and 2 of them get something else
    ✗ gets something else, 2 times: shop.mail, shop.web
  Impact: Parts of the program that should work together work on objects of their own.
✗ Sharing (medium): violated
  22 requests by threads and tasks, 3 of 4 checks fail
    ✗ shop.cart.Cart: one key gets 12 instances in 12 requests (the main thread, another \
thread, another task)
    ✗ shop.cart.Cart: one key gets 8 instances in 8 requests (threads that ask at once)
    ✗ shop.cart.Cart: gives an instance without a key
  Impact: Concurrent requests race for instances, or one user sees another one's data.
✗ Definitions (medium): violated
  1 class, 1 of them is defined more than once
    ✗ shop.cart.Cart: is defined again: shop.old_cart.Cart
  Impact: isinstance() and except fail between two classes that look the same; a mend of one \
is no mend of the other.

6 of 6 invariants violated, without the enforcer
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the shop with some files of another content, and work in its folder."""

    def shop(**changed: str) -> Path:
        for name, text in (FILES | {_file(key): text for key, text in changed.items()}).items():
            file = tmp_path / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(dedent(text), encoding="utf-8")
        return tmp_path

    monkeypatch.chdir(tmp_path)
    for key in ("ENFORCER_MAP", "ENFORCER_STAGE", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(key, raising=False)
    return shop


def _file(key: str) -> str:
    return "enforcer.toml" if key == "map" else f"shop/{key}.py"


def verify(*options: str, **environ: str) -> Result:
    """Run the command; the program is imported in a child process."""
    return CliRunner().invoke(main, ["verify", *options], env=environ)


def found(*options: str, **environ: str) -> dict[str, Any]:
    """Give what the command writes as JSON, by invariant."""
    result = verify("--format", "json", *options, **environ)
    document = json.loads(result.stdout)
    assert result.exit_code == (0 if document["holds"] else 1), result.stderr
    return {one["invariant"]: one for one in document["invariants"]}


def seen(invariant: dict[str, Any]) -> dict[str, str]:
    """Give what was seen of each path."""
    return {one["path"]: one["seen"] for one in invariant["paths"]}


def test_with_the_enforcer_everything_holds(write: Write) -> None:
    write()
    result = verify()

    assert result.stdout == HEALED
    assert result.exit_code == 0


def test_without_it_every_violation_is_named(write: Write) -> None:
    write()
    result = verify("--off")

    assert result.stdout == OFF
    assert result.exit_code == 1


def test_the_page_shows_real_output() -> None:
    page = Path(str(enforcer.__file__)).parents[1] / "docs/verify.md"
    text = page.read_text(encoding="utf-8")

    assert f"$ enforcer verify\n{HEALED}```" in text
    assert f"$ enforcer verify --off\n{OFF}```" in text


def test_what_holds_is_shown_on_request(write: Write) -> None:
    write()

    lines = verify("--verbose").stdout.splitlines()

    assert "    ✓ shop.old_cart.Cart: leads to shop.cart.Cart" in lines
    assert "    ✓ shop.cart.Cart: gives nothing without a key" in lines


def test_a_terminal_gets_marks_in_colour_and_lines_of_its_width(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrapped hangs below its first word, so that marks stay in a column."""
    write()
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")

    text = verify("--off").stdout
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()

    assert "\x1b[1;31m✗\x1b[0m \x1b[31mImport paths (critical): violated\x1b[0m" in text
    assert max(map(len, lines)) <= 60
    first = lines.index("    ✗ has code of its own instead of the canonical object, 2")
    assert lines[first + 1].startswith("      times: shop.legacy.make_cart")


def test_one_is_no_plural(write: Write) -> None:
    write(mail="")

    assert found()["services"]["seen"] == "1 module uses legacy paths"


def test_markdown_has_a_table_and_the_impact(write: Write) -> None:
    write()

    text = verify("--off", "--format", "markdown").stdout

    assert "| Import paths | critical | **violated** | 4 import paths to 2 objects" in text
    assert "\nImpact: Who calls the legacy factory gets something that nobody else has.\n" in text
    assert "| `shop.old_cart.Cart` | violated | has code of its own instead of" in text


CALLING = "from shop.legacy import make_cart\ndef send(): return make_cart(1)"
BASELINE = """\
version = 1
call_sites = [
  { path = "shop.old_cart", file = "shop/web.py", function = "<module>", \
kind = "import_statement" },
]
"""


def test_a_removed_path_that_is_used_is_violated(write: Write) -> None:
    """``ENFORCER_STAGE=removed`` tells whether the program would do without its old paths."""
    write(mail=CALLING)

    invariants = found(ENFORCER_STAGE="removed")

    assert invariants["services"]["result"] == "violated"
    assert invariants["services"]["seen"] == (
        "2 modules use legacy paths, and 2 of them are refused"
    )
    assert seen(invariants["services"]) == {
        "shop.mail": "is refused shop.legacy.make_cart (shop/mail.py:2)",
        "shop.web": "is refused shop.old_cart (shop/web.py:1)",
    }
    assert invariants["services"]["impact"] == (
        "Whoever still uses the path gets a LegacyImportError, or a LegacyCallError for the "
        "call of a factory."
    )
    paths = seen(invariants["import-paths"])
    assert paths["shop.old_cart.Cart"] == "refused: nothing is left there"
    assert invariants["factories"]["seen"] == "1 legacy factory, 1 refused"


def test_a_removed_path_that_nobody_uses_is_gone(write: Write) -> None:
    """What is refused is not counted as delegated."""
    write(mail="", web="")

    invariants = found(ENFORCER_STAGE="removed")

    assert invariants["import-paths"]["seen"] == "4 import paths to 2 objects, 1 of them refused"
    assert seen(invariants["factories"]) == {"shop.legacy.make_cart": "gives a refusal"}
    assert invariants["factories"]["seen"] == "1 legacy factory, 1 refused"
    assert "violated" not in {one["result"] for one in invariants.values()}


def test_a_removed_name_of_a_module_that_lives_on_is_gone(write: Write) -> None:
    rule = '[[rule]]\nlegacy = "shop.prices:{}"\ncanonical = "shop.prices:value_added_tax"\n'
    write(
        mail="",
        web="",
        prices="def value_added_tax(net): return net\nlevy = value_added_tax",
        map=FILES["enforcer.toml"] + rule.format("vat") + rule.format("levy"),
    )

    invariants = found(ENFORCER_STAGE="removed")

    paths = seen(invariants["import-paths"])
    assert {paths["shop.prices.levy"], paths.get("shop.prices.vat")} <= {
        "refused: nothing is left there"
    }
    assert "violated" not in {one["result"] for one in invariants.values()}


def test_in_stage_strict_the_baseline_decides(write: Write) -> None:
    """Who is in it gets the canonical object, and is not said to be refused."""
    root = write()
    (root / "enforcer-baseline.toml").write_text(BASELINE)

    tolerated = found(ENFORCER_STAGE="strict")
    write(jobs="from shop.old_cart import Cart")
    grown = found(ENFORCER_STAGE="strict")

    assert {one["result"] for one in tolerated.values()} == {"passed"}
    assert seen(tolerated["services"])["shop.web"] == (
        "gets the canonical instance by shop.old_cart.Cart"
    )
    assert seen(grown["services"])["shop.jobs"] == "is refused shop.old_cart (shop/jobs.py:1)"
    assert [name for name, one in grown.items() if one["result"] == "violated"] == ["services"]


def test_a_share_of_the_fleet_is_judged_alike_on_every_machine(write: Write) -> None:
    """By the hardest stage, whatever this host would have: the legacy code answers nowhere."""
    share = '[[stage]]\npercent = 50\nstage = "alias"\n'
    write(map=f'[enforcer]\ndefault_stage = "observe"\n{MAP}\n{share}')

    numbers = {}
    for host in ("db-1", "web-7"):
        numbers[number_of(host) < 50] = found(ENFORCER_HOST=host)

    assert numbers[True] == numbers[False]
    assert {one["result"] for one in numbers[True].values()} == {"passed"}


PAIR = """\
import logging
logger = logging.getLogger(__name__)
LIMIT = [{0}]
def helper(): return {0}
"""
SERVED = """\
from shop.old import logger, LIMIT, helper, Thing
try:
    from shop.old import Nowhere
except ImportError:
    Nowhere = None
"""


@pytest.mark.parametrize("option", ["implementation = true", 'fallback = "legacy"'])
def test_what_the_map_lets_the_legacy_code_answer_is_no_violation(
    write: Write, option: str
) -> None:
    """A logger on both sides, a name that only the legacy code has, one that neither has."""
    rule = '[[rule]]\nlegacy = "shop.old"\ncanonical = "shop.new"\n'
    legacy = PAIR.format(1) + "class Thing: ...\nclass Extra: ...\n"
    canonical = PAIR.format(2) + "from shop.old import Thing\n"
    if "fallback" in option:
        canonical = PAIR.format(2)
    write(map=rule + option, old=legacy, new=canonical, web=SERVED, mail="")

    invariants = found()
    check = CliRunner().invoke(main, ["check"])

    assert check.exit_code == 0, check.stdout
    assert {one["result"] for one in invariants.values()} <= {"passed", "nothing to verify"}
    assert seen(invariants["import-paths"])["shop.old.Nowhere"] == (
        "is nowhere, with the enforcer as without"
    )


def test_violations_are_grouped_by_their_cause(write: Write) -> None:
    """One line a cause, with a count; what it means is true for that cause."""
    names = [f"name_{number}" for number in range(9)]
    definitions = "".join(f"def {name}(a): ...\n" for name in names)
    rule = '[[rule]]\nlegacy = "shop.old"\ncanonical = "shop.new"\n'
    write(
        map=rule,
        old=definitions + "class Gone: ...\n",
        new=definitions.replace("(a)", "(b)"),
        web=f"from shop.old import Gone, {', '.join(names)}",
        mail="",
    )
    lines = verify().stdout.splitlines()

    assert lines[2:8] == [
        "✗ Import paths (critical): violated",
        (
            "  20 import paths to 10 objects, and 9 of them lead elsewhere, "
            "and 2 of them can't be imported"
        ),
        "    ✗ can't be imported, 2 times: shop.new.Gone, shop.old.Gone",
        (
            "    ✗ is called otherwise there, 9 times: shop.old.name_0, shop.old.name_1, "
            "shop.old.name_2, shop.old.name_3, shop.old.name_4 and 4 more (--verbose)"
        ),
        "  Impact: Whoever asks for it gets an ImportError or an AttributeError.",
        (
            "  Impact: A call that was right for the legacy function means something else: "
            "arguments arrive under other names, or a coroutine comes instead of a value."
        ),
    ]


def test_a_call_without_a_key_may_give_an_own_instance(write: Write) -> None:
    """Where the map says so; it is nobody else's."""
    cart = "class Cart:\n    def __init__(self, user=None): self.user = user"
    rules = MAP.partition("[[factory]]")[0]
    write(
        map=f'{rules}[[instances]]\ncanonical = "shop.cart:Cart"\nkey = "user.id"\n'
        'missing = "own"\n',
        cart=cart,
        old_cart=cart,
        mail="",
    )

    sharing = found()["sharing"]

    assert sharing["result"] == "passed"
    assert "gives an instance of its own without a key" in [one["seen"] for one in sharing["paths"]]


def test_in_stage_observe_nothing_is_healed(write: Write) -> None:
    write()

    invariants = found(ENFORCER_STAGE="observe")

    assert {one["result"] for one in invariants.values()} == {"violated"}


def test_without_rules_for_instances_the_rest_is_verified(write: Write) -> None:
    """A factory delegates if the enforcer stands in for it; nobody calls it to see."""
    write(map=MAP.partition("[[instances]]")[0])

    enabled, off = found(), found("--off")

    assert enabled["instances"]["result"] == enabled["sharing"]["result"] == "nothing to verify"
    assert seen(enabled["factories"]) == {"shop.legacy.make_cart": "gives shop.cart.get_cart"}
    assert off["factories"]["result"] == "violated"


def test_names_and_trees_are_followed(write: Write) -> None:
    """A name in a live module, a tree with renamed names, modules that are imported whole."""
    root = write(
        map="""\
        [[rule]]
        legacy = "shop.prices:vat"
        canonical = "shop.prices:tax"
        [[rule]]
        legacy = "older.*"
        canonical = "shop.*"
        names = { basket = "bag" }
        """,
        prices="def tax(): ...",
        web="import older.prices\nfrom older import basket\nfrom shop.prices import vat",
    )
    (root / "shop/__init__.py").write_text("def bag(): ...\n")

    enabled, off = found(), found("--off")

    assert seen(enabled["import-paths"]) == {
        "shop.prices.tax": "canonical",
        "shop.prices": "canonical",
        "shop.bag": "canonical",
        "shop.prices.vat": "leads to shop.prices.tax",
        "older.prices": "leads to shop.prices",
        "older.basket": "leads to shop.bag",
    }
    assert enabled["services"]["result"] == "passed"
    assert seen(off["import-paths"])["older.prices"] == (
        "can't be imported: ModuleNotFoundError: No module named 'older'"
    )


def test_a_legacy_module_that_is_imported_whole_is_one_with_the_canonical_one(write: Write) -> None:
    write(web="import shop.old_cart")

    assert seen(found()["import-paths"])["shop.old_cart"] == "leads to shop.cart"
    assert "instead of shop.cart" in seen(found("--off")["import-paths"])["shop.old_cart"]


def test_a_module_with_a_getattr_of_its_own_is_one_as_well(write: Write) -> None:
    write(
        web="import shop.old_cart",
        cart=f"{dedent(FILES['shop/cart.py'])}\ndef __getattr__(name): raise AttributeError(name)",
    )

    assert seen(found()["import-paths"])["shop.old_cart"] == "leads to shop.cart"


def test_a_class_that_needs_more_is_not_verified(write: Write) -> None:
    """What could not be tried is never passed, and a sample makes it possible."""
    cart = "class Cart:\n    def __init__(self, user, db): self.db = db"
    sample = "def arguments(key): return {'user': {'id': key}, 'db': 1}"
    rules = MAP.replace("[[factory]]", "[[rule]]").partition('[[rule]]\nlegacy = "shop.legacy')[0]
    instances = '\n[[instances]]\ncanonical = "shop.cart:Cart"\nkey = "user.id"\n'
    write(map=rules + instances, cart=cart, old_cart=cart)
    without = found()

    write(
        map=f'{rules}{instances}sample = "shop.samples:arguments"\n',
        cart=cart,
        old_cart=cart,
        samples=sample,
    )
    with_sample = found()

    assert without["instances"]["result"] == without["sharing"]["result"] == "not verified"
    assert seen(without["instances"])["shop.cart.Cart"] == (
        'it takes (user, db), and nothing says what to give for "db". Write '
        'sample = "package.samples:function" to the rule of "shop.cart:Cart" (no-sample)'
    )
    assert {one["result"] for one in with_sample.values()} == {"passed", "nothing to verify"}


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        ("def arguments(key): return key", "gives 'enforcer-verify-1' and no arguments"),
        ("def arguments(key): raise OSError('no database')", "fails: OSError: no database"),
        ("", "fails: AttributeError"),
    ],
)
def test_a_sample_that_gives_nothing_is_named(write: Write, sample: str, said: str) -> None:
    write(map=f'{MAP}sample = "shop.samples:arguments"\n', samples=sample)

    instances = found()["instances"]

    assert instances["result"] == "not verified"
    assert said in seen(instances)["shop.cart.Cart"]


def test_a_path_that_raises_is_violated(write: Write) -> None:
    """Only the old path fails: its callers get nothing where others get something."""
    write(
        legacy="async def make_cart(who): raise OSError('gone')",
        old_cart="raise ImportError('no more')",
    )

    off = found("--off")

    assert off["import-paths"]["seen"] == (
        "4 import paths to 2 objects, and 1 of them leads elsewhere, "
        "and 1 of them can't be imported"
    )
    assert seen(off["factories"]) == {"shop.legacy.make_cart": "gives nothing (OSError: gone)"}
    assert seen(off["services"]) == {
        "shop.mail": "gets nothing (OSError: gone) by shop.legacy.make_cart",
        "shop.web": "gets nothing (ImportError: no more) by shop.old_cart.Cart",
    }


def test_users_who_share_are_a_violation(write: Write) -> None:
    """A program of its own making may hand one instance to everybody."""
    write(
        cart="""\
        class Cart:
            one = None
            def __new__(cls, user):
                cls.one = cls.one or object.__new__(cls)
                return cls.one
        async def get_cart(user): return Cart(user)
        """
    )

    sharing = found("--off")["sharing"]

    assert "two keys share an instance" in [one["seen"] for one in sharing["paths"]]


def test_what_the_program_prints_and_leaves_running_is_no_answer(write: Write) -> None:
    noise = "print('hello')\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
    write(cart=f"import threading, time\n{noise}{dedent(FILES['shop/cart.py'])}")

    result = verify()

    assert result.stdout == HEALED
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("body", "options", "said"),
    [
        ("import os; os._exit(3)", (), "the process ended with exit code 3"),
        ("import time; time.sleep(600)", ("--timeout", "20"), "it did not finish in 20 seconds"),
    ],
)
def test_a_program_that_ends_or_hangs_is_said_in_one_line(
    write: Write, body: str, options: tuple[str, ...], said: str
) -> None:
    write(old_cart=body, cart=body)

    result = verify(*options)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("enforcer: the program can't be verified: while importing ")
    assert said in result.stderr
    assert result.stderr.endswith("(verify-ended)\n")
    assert result.stderr.count("\n") == 1


def test_a_body_that_exits_is_no_end(write: Write) -> None:
    """``sys.exit`` in a module is an error of that module."""
    write(old_cart="import sys; sys.exit('usage: …')")

    paths = seen(found("--off")["import-paths"])

    assert paths["shop.old_cart.Cart"] == "can't be imported: SystemExit: usage: …"


def test_a_map_with_mistakes_exits_with_2(write: Write) -> None:
    write(map='[[rule]]\nlegacy = "a"\n')

    result = verify()

    assert result.exit_code == 2
    assert "(missing-key)" in result.stderr


def test_a_sample_has_to_be_a_path(write: Write) -> None:
    write(map=f"{MAP}sample = 3\n")

    result = verify()

    assert result.exit_code == 2
    assert "instances.sample" in result.stderr
