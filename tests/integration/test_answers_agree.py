"""``check``, ``verify`` and ``gate`` say of a program what running it shows, in every stage.

The truth is a run: it prints what it prints without the enforcer, or it does not. ``gate`` and
``verify`` answer for the stage of today. ``check`` looks ahead: of a rule in stage observe it says
what stage alias will do. In stage observe ``verify`` demands more than a run does: that both
paths give one object already.
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from enforcer.cli.main import main

STAGES = ("observe", "alias", "warn", "strict", "removed")

RULE = '[[rule]]\nlegacy = "shop.old"\ncanonical = "shop.new"\n'
NAME = '[[rule]]\nlegacy = "shop.old:vat"\ncanonical = "shop.old:tax"\n'


@dataclass(frozen=True)
class Program:
    """A program, and the stages in which it works.

    Attributes:
        works: the stages in which it prints what it prints without the enforcer.
        app: the source of ``app.py``, which is run.
        old: the source of ``shop/old.py``.
        new: the source of ``shop/new.py``.
        rules: the migration map.
        pair: what has to be one object in the end, legacy and canonical; empty where the map
            lets the legacy code answer.
        more: further files.
        baseline: functions of ``app.py`` that may use ``shop.old``.
        is_unmoved: whether a canonical path is missing: the program works, and the map is wrong.

    """

    works: str
    app: str
    old: str = ""
    new: str = ""
    rules: str = RULE
    pair: str = "shop.old:Cart shop.new:Cart"
    more: dict[str, str] = field(default_factory=dict)
    baseline: tuple[str, ...] = ()
    is_unmoved: bool = False


ALIASED = "observe alias warn"
CART = "class Cart: name = 'cart'\n"
KEYED = """\
class Cart:
    name = "cart"
    def __init__(self, user=None): ...
def __getattr__(name):
    if name in ("first", "second"):
        return Cart("me")
    raise AttributeError(name)
"""
INSTANCES = '[[instances]]\ncanonical = "shop.new:Cart"\nkey = "user"\n'
APP = "from shop.old import Cart\nprint(Cart.name)"

PROGRAMS = {
    "an_import_of_what_both_sides_have": Program(ALIASED, APP, CART, CART),
    "only_canonical_imports": Program(
        f"{ALIASED} strict removed", APP.replace("old", "new"), CART, CART
    ),
    "an_import_that_only_type_checkers_read": Program(
        f"{ALIASED} strict removed",
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from shop.old import Cart\nprint('done')",
        CART,
        CART,
    ),
    "a_name_that_only_the_legacy_code_has": Program(
        "observe", f"{APP}\nfrom shop.old import Gone", f"{CART}Gone = 1", CART
    ),
    "a_name_that_neither_side_has": Program(
        ALIASED,
        f"{APP}\ntry:\n    from shop.old import Nowhere\nexcept ImportError as error:\n"
        "    print(type(error).__name__)",
        CART,
        CART,
    ),
    "a_renamed_class": Program(
        ALIASED,
        APP,
        CART,
        CART.replace("Cart", "Basket"),
        f'{RULE}names = {{ Cart = "Basket" }}',
        "shop.old:Cart shop.new:Basket",
    ),
    "a_renamed_function_with_another_parameter": Program(
        "observe",
        "from shop.old import create\nprint(create('me', user_id=7))",
        "def create(context, user_id): return context, user_id",
        "def get(context, mode): return context, mode",
        f'{RULE}names = {{ create = "get" }}',
        "shop.old:create shop.new:get",
    ),
    "a_renamed_function_whose_id_becomes_a_mode": Program(
        "observe",
        "import shop.old\nprint(shop.old.create('me', 7))",
        "def create(context, user_id): return f'user {user_id}'",
        "def get(context, mode): return f'mode {mode}'",
        f'{RULE}names = {{ create = "get" }}',
        "shop.old:create shop.new:get",
    ),
    "a_renamed_function_that_is_async_now": Program(
        "observe",
        "from shop.old import create\nprint(create())",
        "def create(): return 'made'",
        "async def get(): return 'made'",
        f'{RULE}names = {{ create = "get" }}',
        "shop.old:create shop.new:get",
    ),
    "a_name_of_a_live_module": Program(
        ALIASED,
        "from shop.old import vat\nprint(vat(2))",
        "def vat(price): return price * 2\ndef tax(price): return price * 2",
        rules=NAME,
        pair="shop.old:vat shop.old:tax",
    ),
    "a_name_of_a_live_module_with_another_parameter": Program(
        "observe",
        "from shop import old\nprint(old.vat(price=2))",
        "def vat(price): return price * 2\ndef tax(amount): return amount * 2",
        rules=NAME,
        pair="shop.old:vat shop.old:tax",
    ),
    "a_star_of_what_both_sides_have": Program(
        ALIASED, "from shop.old import *\nprint(Cart.name)", CART, CART
    ),
    "a_star_for_a_name_that_only_the_legacy_code_has": Program(
        "observe", "from shop.old import *\nprint(Cart.name, Gone)", f"{CART}Gone = 1", CART
    ),
    "a_star_for_a_name_that_the_canonical_module_does_not_export": Program(
        "observe",
        "from shop.old import *\nprint(Cart.name, helper)",
        f"{CART}helper = 1",
        f"{CART}helper = 1\n__all__ = ['Cart']",
    ),
    "a_star_that_a_second_module_passes_on": Program(
        "observe",
        "from shop.api import Cart, Gone\nprint(Cart.name, Gone)",
        f"{CART}Gone = 1",
        CART,
        more={"shop/api.py": "from shop.old import *"},
    ),
    "a_star_that_a_fallback_serves": Program(
        ALIASED,
        "from shop.api import *\nprint(name, Gone)",
        "name = 'shop'\nGone = 1",
        "name = 'shop'",
        f'{RULE}fallback = "legacy"',
        pair="",
        more={"shop/api.py": "from shop.old import *"},
    ),
    "a_star_of_a_live_module_with_a_legacy_name": Program(
        f"{ALIASED} strict",
        "from shop.old import *\nprint(vat(2))",
        "def vat(price): return price * 2\ndef tax(price): return price * 2",
        rules=NAME,
        pair="shop.old:vat shop.old:tax",
    ),
    "a_legacy_implementation_with_a_logger_on_both_sides": Program(
        ALIASED,
        "from shop.old import make, logger\nfrom shop.new import make as moved\n"
        "print(logger, moved is make)",
        "logger = 'old logger'\ndef make(): ...",
        "from shop.old import make\nlogger = 'new logger'",
        f"{RULE}implementation = true",
        pair="",
    ),
    "a_fallback_for_one_name": Program(
        ALIASED,
        "from shop.old import name, Gone\nprint(name, Gone)",
        "name = 'shop'\nGone = 1",
        "name = 'shop'",
        f'{RULE}fallback = "legacy"',
        pair="",
    ),
    "a_module_of_a_tree": Program(
        ALIASED,
        "from shop.old.sub import Cart\nfrom shop.old import sub\nprint(sub.Cart is Cart)",
        "",
        rules='[[rule]]\nlegacy = "shop.old.*"\ncanonical = "shop.new.*"\n',
        pair="shop.old.sub:Cart shop.new.sub:Cart",
        more={
            "shop/old/__init__.py": "",
            "shop/old/sub.py": CART,
            "shop/new/__init__.py": "",
            "shop/new/sub.py": CART,
        },
    ),
    "a_caller_in_the_baseline": Program(
        f"{ALIASED} strict", APP, CART, CART, baseline=("<module>",)
    ),
    "a_dry_run_on_a_share_of_the_hosts": Program(
        f"{ALIASED} strict removed",
        APP,
        CART,
        CART,
        rules=f"[enforcer]\nrefuse = false\n{RULE}[[stage]]\npercent = 50\nstage = 'warn'\n",
    ),
    "a_caller_of_which_another_function_is_in_the_baseline": Program(
        ALIASED,
        "def main():\n    from shop.old import Cart\n    print(Cart.name)\nmain()",
        CART,
        CART,
        baseline=("<module>",),
    ),
    "an_exempted_caller": Program(
        f"{ALIASED} strict",
        APP,
        CART,
        CART,
        '[enforcer]\nallow = [{ path = "shop.old", caller = "app.py", until = 9999-12-31, '
        f'reason = "…" }}]\n{RULE}',
    ),
    "an_import_by_a_call": Program(
        ALIASED,
        "import importlib\nprint(importlib.import_module('shop.old').Cart.name)",
        CART,
        CART,
    ),
    "a_factory_that_delegates": Program(
        ALIASED,
        "from shop.old import create\nprint(create(who='me'))",
        "def create(who): return f'for {who}'",
        "def get(user): return f'for {user}'",
        '[[factory]]\nlegacy = "shop.old:create"\ncanonical = "shop.new:get"\n'
        'arguments = { who = "user" }',
        "shop.old:create shop.new:get",
    ),
    "a_canonical_module_that_is_missing": Program(
        f"{ALIASED} strict", APP, CART, pair="", is_unmoved=True
    ),
    "a_name_whose_canonical_module_is_missing": Program(
        f"{ALIASED} strict",
        APP,
        CART,
        rules='[[rule]]\nlegacy = "shop.old:Cart"\ncanonical = "shop.new:Cart"\n',
        pair="",
        is_unmoved=True,
    ),
    "a_module_that_only_the_legacy_tree_has": Program(
        f"{ALIASED} strict",
        "from shop.old.sub import Cart\nfrom shop.old import sub\nprint(sub.Cart is Cart)",
        "",
        rules='[[rule]]\nlegacy = "shop.old.*"\ncanonical = "shop.new.*"\n',
        pair="",
        more={"shop/old/__init__.py": "", "shop/old/sub.py": CART, "shop/new/__init__.py": ""},
        is_unmoved=True,
    ),
    "a_class_on_both_sides_of_a_legacy_implementation": Program(
        ALIASED,
        "from shop.old import Cart, make\nfrom shop.new import Cart as Other, make as moved\n"
        "print(Cart is Other, moved is make)",
        f"{CART}def make(): ...",
        f"from shop.old import make\n{CART}",
        f"{RULE}implementation = true",
        pair="",
    ),
    "a_call_of_a_keyed_class_without_a_key": Program(
        "observe",
        "from shop.new import Cart\nprint(Cart('me').name, Cart().name)",
        new=KEYED,
        rules=INSTANCES,
        pair="shop.new:first shop.new:second",
    ),
    "a_call_of_a_keyed_class_without_a_key_on_its_legacy_path": Program(
        "observe",
        "from shop.old import Cart\nprint(Cart(None).name)",
        KEYED,
        KEYED,
        f"{RULE}{INSTANCES}",
        pair="shop.new:first shop.new:second",
    ),
    "a_call_without_a_key_that_may": Program(
        f"{ALIASED} strict removed",
        "from shop.new import Cart\nprint(Cart('me').name, Cart().name)",
        new=KEYED,
        rules=f'{INSTANCES}missing = "own"\n',
        pair="shop.new:first shop.new:second",
    ),
    "canonical_code_alone_uses_the_legacy_path": Program(
        f"{ALIASED} strict",
        "from shop.new import make\nprint(make())",
        "def make(): return 1",
        "from shop.old import make",
        f"{RULE}implementation = true",
        pair="",
    ),
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with the environment of a new shell."""
    monkeypatch.chdir(tmp_path)
    for key in ("ENFORCER_MAP", "ENFORCER_STAGE", "ENFORCER_BASELINE", "ENFORCER_STORE"):
        monkeypatch.delenv(key, raising=False)
    return tmp_path


def lay_out(folder: Path, program: Program) -> None:
    """Write a program's files."""
    files = {
        "app.py": program.app,
        "shop/__init__.py": "",
        "enforcer.toml": program.rules,
        **program.more,
    }
    if program.old:
        files["shop/old.py"] = program.old
    if program.new:
        files["shop/new.py"] = program.new
    if program.baseline:
        entries = "".join(
            f'{{ path = "shop.old", file = "app.py", function = "{function}", '
            'kind = "import_statement" },\n'
            for function in program.baseline
        )
        files["enforcer-baseline.toml"] = f"version = 1\ncall_sites = [\n{entries}]\n"
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")


def gives_one_object(folder: Path, pair: str) -> bool:
    """Run a file that asks two paths, and return whether they give one object."""
    source = f"""\
        import importlib
        def get(path):
            module, _, name = path.partition(":")
            return getattr(importlib.import_module(module), name)
        print(len(set(map(id, map(get, {pair.split()!r})))) <= 1)
        """
    file = folder / "pair.py"
    file.write_text(dedent(source), encoding="utf-8")
    code, said = enforced(folder, file.name)
    file.unlink()  # the commands shall not read it
    assert code == 0
    return said == "True\n"


def run(folder: Path, file: str, **variables: str) -> tuple[int, str]:
    """Run a file of the program, and return how it exited and what it printed."""
    done = subprocess.run(
        [sys.executable, file],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def enforced(folder: Path, file: str = "app.py") -> tuple[int, str]:
    """Run a file as ``enforcer run`` does, without the process of that command."""
    return run(folder, file, ENFORCER_MAP=str(folder / "enforcer.toml"))


def answer(command: str) -> tuple[bool, str]:
    """Return whether a command has no objection, and what it wrote."""
    result = CliRunner().invoke(main, [command])
    assert result.exit_code in (0, 1), result.output
    return result.exit_code == 0, result.output


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_answers_are_those_of_a_run(
    write: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In each stage; a later one may break what an earlier one lets work."""
    program = PROGRAMS[name]
    lay_out(write, program)
    without = run(write, "app.py")
    works = set()
    for stage in STAGES:
        monkeypatch.setenv("ENFORCER_STAGE", stage)
        if enforced(write) == without:
            works.add(stage)

    assert works == set(program.works.split())
    for stage in STAGES:
        monkeypatch.setenv("ENFORCER_STAGE", stage)
        is_one = stage != "observe" or gives_one_object(write, program.pair)
        for command, expected in (
            ("check", (stage if stage != "observe" else "alias") in works),
            ("gate", stage in works),
            ("verify", stage in works and is_one),
        ):
            is_clean, output = answer(command)
            is_named = program.is_unmoved and (command, stage) != ("gate", "observe")
            assert is_clean == (expected and not is_named), f"{command} in stage {stage}:\n{output}"
