"""Named cases of rewriting: the source before, the source after, and the reasons for what is left.

A part ``# left: …`` at the end of a line stands for a reason that begins so.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Case:
    before: str
    after: str = ""  # empty: as before
    left: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


CASES = {
    "from_import": Case("from shop.old_cart import Cart\n", "from shop.cart import Cart\n"),
    "alias_stays": Case(
        "from shop.old_cart import make as build\n", "from shop.cart import get as build\n"
    ),
    "as_old_name_is_added": Case(
        "from shop.old_cart import make\nmake()\n", "from shop.cart import get as make\nmake()\n"
    ),
    "uses_renamed": Case(
        "from shop.old_cart import make\n\ndef f():\n    return make() or [make for _ in '']\n",
        "from shop.cart import get\n\ndef f():\n    return get() or [get for _ in '']\n",
        options={"rename_uses": True},
    ),
    "uses_not_renamed_where_the_name_is_taken": Case(
        "from shop.old_cart import make\n\ndef f(get):\n    return make(get)\n",
        "from shop.cart import get as make\n\ndef f(get):\n    return make(get)\n",
        options={"rename_uses": True},
    ),
    "uses_not_renamed_in_all": Case(
        "from shop.old_cart import make\n\n__all__ = ['make']\n",
        "from shop.cart import get as make\n\n__all__ = ['make']\n",
        options={"rename_uses": True},
    ),
    "uses_not_renamed_where_others_ask": Case(
        "from shop.old_cart import make\nmake()\n",
        "from shop.cart import get as make\nmake()\n",
        options={"rename_uses": True, "asked_elsewhere": frozenset({"make"})},
    ),
    "split_over_two_targets": Case(
        "from shop.live import old, stays, Basket\n",
        "from shop.live import current as old, stays\nfrom shop.basket import Basket\n",
    ),
    "split_keeps_order_parentheses_and_comments": Case(
        "from shop.live import (  # what lives\n"
        "    stays,  # it does\n"
        "    # a basket\n"
        "    Basket as B,  # moved\n"
        "    old,\n"
        "    # the end\n"
        ")  # noqa: F401\n",
        "# the end\n"
        "from shop.live import (  # what lives\n"
        "    stays,  # it does\n"
        "    current as old,\n"
        ")  # noqa: F401\n"
        "from shop.basket import (\n"
        "    # a basket\n"
        "    Basket as B,  # moved\n"
        ")  # noqa: F401\n",
    ),
    "comments_in_parentheses_stay_in_place": Case(
        "from shop.old_cart import (  # cart\n    Cart,  # class\n    # factory\n    make,\n)\n",
        "from shop.cart import (  # cart\n    Cart,  # class\n    # factory\n    get as make,\n)\n",
    ),
    "semicolons": Case(
        "x = 1; from shop.live import stays, Basket; y = 2\n",
        "x = 1; from shop.live import stays; from shop.basket import Basket; y = 2\n",
    ),
    "one_line_if": Case(
        "if True: from shop.live import Basket, stays\n",
        "if True: from shop.live import stays; from shop.basket import Basket\n",
    ),
    "backslashes": Case(
        "from shop.old_cart \\\n    import Cart, \\\n    make\n",
        "from shop.cart \\\n    import Cart, \\\n    get as make\n",
    ),
    "spaces_around_dots": Case(
        "from shop . old_cart import Cart\nimport shop . old_cart\nshop . old_cart . Cart\n",
        "from shop.cart import Cart\nimport shop.cart\nshop.cart.Cart\n",
    ),
    "tabs_and_form_feeds": Case(
        "def f():\n\tfrom shop.live import stays, Basket\n\n\f\ndef g(): pass\n",
        "def f():\n\tfrom shop.live import stays\n\tfrom shop.basket import Basket\n\n\f\n"
        "def g(): pass\n",
    ),
    "carriage_returns": Case(
        "from shop.live import stays, Basket\r\nx = 1\r\n",
        "from shop.live import stays\r\nfrom shop.basket import Basket\r\nx = 1\r\n",
    ),
    "names_beyond_ascii": Case(
        "é = 'ü'; from shop.old_cart import Cart; ï = Cart\n",
        "é = 'ü'; from shop.cart import Cart; ï = Cart\n",
    ),
    "function_level_stays_there": Case(
        "def f():\n    from shop.old_cart import make\n    return make\n",
        "def f():\n    from shop.cart import get as make\n    return make\n",
    ),
    "type_checking_stays_put": Case(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.old_cart import Cart\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.cart import Cart\n",
    ),
    "try_stays_put": Case(
        "try:\n    from shop.old_cart import Cart\nexcept ImportError:\n    Cart = None\n",
        "try:\n    from shop.cart import Cart\nexcept ImportError:\n    Cart = None\n",
    ),
    "try_whose_arms_become_equal": Case(
        "try:\n    from shop.old_cart import Cart\n"
        "except ImportError:\n    from shop.cart import Cart\n",
        "try:\n    from shop.cart import Cart\n"
        "except ImportError:\n    from shop.cart import Cart\n",
        remarks=("both arms of this try are equal now",),
    ),
    "import_rewrites_every_use": Case(
        "import shop.old_cart\n\ndef f(x=shop.old_cart.Cart):\n    return shop.old_cart.make(x)\n",
        "import shop.cart\n\ndef f(x=shop.cart.Cart):\n    return shop.cart.get(x)\n",
    ),
    "import_of_several": Case(
        "import os, old.deep, sys\nprint(os, sys, old.deep.A)\n",
        "import os, new.deep, sys\nprint(os, sys, new.deep.A)\n",
    ),
    "import_as": Case("import old.deep as d\nd.A\n", "import new.deep as d\nd.A\n"),
    "import_of_a_top_module": Case("import top_old\ntop_old.A\n", "import top_new\ntop_new.A\n"),
    "import_of_a_top_module_that_is_bound_again": Case(
        "import top_old\ntop_old = top_old or None\n",
        "import top_new as top_old\ntop_old = top_old or None\n",
    ),
    "package_that_is_needed_for_more": Case(
        "import shop.live\nimport shop.old_cart\nshop.old_cart.Cart(shop.live.stays())\n",
        "import shop.live\nimport shop.cart\nshop.cart.Cart(shop.live.stays())\n",
    ),
    "shadowed_names_are_respected": Case(
        "import old.deep\n\ndef f(old):\n    return old.deep\n\ndef g():\n    return old.deep.A\n",
        "import new.deep\n\ndef f(old):\n    return old.deep\n\ndef g():\n    return new.deep.A\n",
    ),
    "shadowed_canonical_name": Case(
        "import old.deep\n\ndef f(new):\n    return new, old.deep.A\n",
        left=("the name of the canonical package means something else there",) * 2,
    ),
    "del_is_respected": Case(
        "import old.deep\nprint(old.deep.A)\ndel old\n",
        "import new.deep\nprint(new.deep.A)\ndel new\n",
    ),
    "bound_again": Case("import old.deep\nold = old.deep\n", left=("its name is bound again",) * 2),
    "class_scope": Case(
        "import old.deep\n\nclass C:\n    old = 1\n    x = old\n\n    def f(self):\n"
        "        return old.deep.b()\n",
        "import new.deep\n\nclass C:\n    old = 1\n    x = old\n\n    def f(self):\n"
        "        return new.deep.b()\n",
    ),
    "global_import": Case(
        "def load():\n    global old\n    import old.deep\n\ndef use():\n    return old.deep.A\n",
        left=("its name is declared global",) * 2,
    ),
    "package_leaf": Case(
        "from shop import old_cart\nold_cart.make(old_cart.Cart)\n",
        "from shop import cart as old_cart\nold_cart.get(old_cart.Cart)\n",
    ),
    "module_passed_on": Case(
        "from shop import old_cart\nprint(old_cart)\n", left=("the module is passed on as a whole",)
    ),
    "attribute_after_the_package": Case(
        "import shop\nshop.old_cart.Cart()\n", "import shop.cart\nshop.cart.Cart()\n"
    ),
    "attribute_of_a_live_module": Case(
        "import shop.live as live\nlive.old(live.stays)\n",
        "import shop.live as live\nlive.current(live.stays)\n",
    ),
    "attribute_that_moved_to_another_module": Case(
        "from shop import live\nlive.stays(live.Basket)\n",
        "from shop import live\nfrom shop import basket\nlive.stays(basket.Basket)\n",
    ),
    "attribute_that_was_the_only_use": Case(
        "from shop import live\nlive.Basket()\n", "from shop import basket\nbasket.Basket()\n"
    ),
    "attribute_where_the_new_name_is_taken": Case(
        "from shop import live\nbasket = []\nlive.Basket(basket)\n",
        "from shop import basket as shop_basket\nbasket = []\nshop_basket.Basket(basket)\n",
    ),
    "relative_stays_relative": Case(
        "from .old_cart import Cart\nfrom . import old_cart as o\no.Cart\n",
        "from .cart import Cart\nfrom . import cart as o\no.Cart\n",
    ),
    "relative_to_elsewhere": Case(
        "from .live import Basket, stays\n",
        "from .live import stays\nfrom .basket import Basket\n",
    ),
    "star_where_every_name_has_moved": Case(
        "from old.deep import *\nprint(A)\n", "from new.deep import *\nprint(A)\n"
    ),
    "star_that_would_lose_a_name": Case(
        "from few.old_star import *\n", left=('a star import of "few.new_star" does not bring B',)
    ),
    "strings_of_patch": Case(
        "from unittest import mock\nmock.patch('shop.old_cart.make')\n"
        "mock.patch(target=\"old.deep.b\")\nmock.patch.dict('old.deep.A', {})\n",
        "from unittest import mock\nmock.patch('shop.cart.get')\n"
        "mock.patch(target=\"new.deep.b\")\nmock.patch.dict('new.deep.A', {})\n",
    ),
    "strings_of_monkeypatch": Case(
        "def test(monkeypatch):\n    monkeypatch.setattr('shop.live.old', None)\n",
        "def test(monkeypatch):\n    monkeypatch.setattr('shop.live.current', None)\n",
    ),
    "strings_of_import_module": Case(
        "import importlib\nimportlib.import_module('old.deep')\n",
        "import importlib\nimportlib.import_module('new.deep')\n",
    ),
    "string_of_unknown_meaning": Case(
        "import logging\nlogging.getLogger('shop.old_cart')\n",
        left=("nothing shows that the string is an import path",),
    ),
    "quoted_annotations": Case(
        "import old.deep\n\ndef f(x: 'old.deep.A | None') -> 'list[old.deep.b]': ...\n",
        "import new.deep\n\ndef f(x: 'new.deep.A | None') -> 'list[new.deep.b]': ...\n",
    ),
    "all_keeps_its_names": Case(
        "from shop.old_cart import make\n__all__ = ['make']\n",
        "from shop.cart import get as make\n__all__ = ['make']\n",
    ),
    "all_lists_the_package": Case(
        "import old.deep\n__all__ = ['old']\n", left=("__all__ lists the name",)
    ),
    "factory_with_a_table_of_arguments": Case(
        "from shop.factories import create\ncreate(ctx, uid)\ncreate(ctx, user_id=uid)\n"
        "create(context=ctx)\ncreate(\n    ctx,\n    uid,\n)\n",
        "from shop.managers import get_manager as create\ncreate(ctx)\ncreate(ctx)\n"
        "create(user_context=ctx)\ncreate(\n    ctx,\n)\n",
    ),
    "factory_with_renamed_uses": Case(
        "from shop.factories import create\n\ncreate(ctx, ctx.user)\n",
        "from shop.managers import get_manager\n\nget_manager(ctx)\n",
        options={"rename_uses": True},
    ),
    "factory_that_is_passed_on": Case(
        "from shop.factories import create\nmap(create, [])\n", left=("it is passed on in line 2",)
    ),
    "factory_with_stars": Case(
        "from shop.factories import create\ncreate(*args)\n", left=("it is called with * or **",)
    ),
    "factory_whose_argument_calls_something": Case(
        "from shop.factories import create\ncreate(ctx, next(ids))\n",
        left=('the argument "user_id", which is left out, calls something',),
    ),
    "factory_with_an_adapter": Case(
        "from shop.factories import adapted\nadapted(1)\n",
        left=('the adapter "shop.managers:adapt" translates its calls',),
    ),
    "no_canonical_name": Case(
        "from shop.old_cart import Cart, lost\n",
        "from shop.old_cart import lost\nfrom shop.cart import Cart\n",
        left=('"shop.cart" has no "lost" yet',),
    ),
    "no_canonical_module": Case("import gone\n", left=('there is no module "nowhere" here',)),
    "imported_from_both": Case(
        "from shop.cart import Cart\nfrom shop.old_cart import Cart\nCart()\n",
        "from shop.cart import Cart\nCart()\n",
    ),
    "lines_that_grow_are_wrapped": Case(
        "from old.deep import A as a_name_that_is_quite_long, b as another_one_of_them\n"
        "from shop.live import Basket as a_name_that_is_quite_long1, old as another_one_of__\n",
        "from new.deep import A as a_name_that_is_quite_long, b as another_one_of_them\n"
        "from shop.basket import Basket as a_name_that_is_quite_long1\n"
        "from shop.live import current as another_one_of__\n",
    ),
}
