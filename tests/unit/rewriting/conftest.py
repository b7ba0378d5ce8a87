"""A small project whose parts have moved, and a rewriter of its callers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.rewriting.context import Options
from enforcer.rewriting.rewriter import Rewriter, Rewritten
from enforcer.rules.factory_model import Factory
from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.importer import Importer
from enforcer.source.module_files import Locator

MODULES = {
    "shop/__init__.py": "",
    "shop/old_cart.py": "class Cart: pass\ndef make(): pass\n",
    "shop/cart.py": "class Cart: pass\ndef get(): pass\n",
    "shop/live.py": "def current(): pass\ndef stays(): pass\n",
    "shop/basket.py": "class Basket: pass\n",
    "shop/factories.py": "def create(context, user_id=None): pass\ndef other(a): pass\n",
    "shop/managers.py": "def get_manager(user_context, mode='x'): pass\ndef another(b): pass\n",
    "old/__init__.py": "",
    "old/deep.py": "A = 1\ndef b(): pass\n",
    "new/__init__.py": "",
    "new/deep.py": "A = 1\ndef b(): pass\n",
    "new/more.py": "",
    "few/__init__.py": "",
    "few/old_star.py": "A = B = 1\n",
    "few/new_star.py": "A = 1\n",
    "few/wide_star.py": "A = B = open = 1\n",
    "top_old.py": "A = 1\n",
    "top_new.py": "A = 1\n",
    "far/__init__.py": "",
    "far/away.py": "",
}

RULES = (
    Rule("shop.old_cart", "shop.cart", names={"make": "get"}, owner="@shop"),
    Rule("shop.live:old", "shop.live:current"),
    Rule("shop.live:Basket", "shop.basket:Basket"),
    Rule("old.*", "new.*"),
    Rule("few.old_star", "few.new_star"),
    Rule("few.narrow_star", "few.new_star"),
    Rule("few.plain_star", "few.wide_star"),
    Rule("top_old", "top_new"),
    Rule("shop.gone_away", "far.away"),
    Rule("gone", "nowhere"),
    Factory("shop.factories:create", "shop.managers:get_manager",
            arguments={"context": "user_context", "user_id": ""}),
    Factory("shop.factories:adapted", "shop.managers:another", adapter="shop.managers:adapt"),
)  # fmt: skip

VIEWS = (Importer("shop.views"),)

Rewrite = Callable[..., Rewritten]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for name, text in MODULES.items():
        file = root / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    return root


@pytest.fixture(scope="session")
def rewriter(project: Path) -> Rewriter:
    return Rewriter(MigrationMap(RULES, root=str(project)), Locator([str(project)]))


@pytest.fixture(scope="session")
def rewrite(rewriter: Rewriter) -> Rewrite:
    def run(
        source: str | bytes, importers: tuple[Importer, ...] = VIEWS, **options: bool
    ) -> Rewritten:
        data = source.encode() if isinstance(source, str) else source
        return rewriter.rewrite(data, importers, Options(**options))

    return run
