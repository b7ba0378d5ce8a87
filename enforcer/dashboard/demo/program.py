"""Small invented program whose files use legacy paths, so that call sites have a source.

It is never run. The lines of the uses are noted while its files are written.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enforcer.recording.use import IMPORT_MODULE, IMPORT_STATEMENT
from enforcer.rules.loader import load_map
from enforcer.rules.model import TREE, MigrationMap

MAP: Final = """\
[enforcer]
service = "shop"
expected_services = ["shop-web", "shop-worker", "chat-backend"]
source_url = "https://code.example/shop/blob/{revision}/{file}#L{line}"

[[rule]]
legacy = "shop.cart_utils"
canonical = "shop.cart"
reason = "one cart for all"
owner = "@checkout"
since = %(long_ago)s
remove_after = %(in_four_months)s

[[rule]]
legacy = "shop.legacy_pricing.*"
canonical = "shop.pricing.*"
stage = "warn"
reason = "prices in minor units, and one rounding"
owner = "@pricing"
since = %(long_ago)s
remove_after = %(in_three_weeks)s

[[rule]]
legacy = "shop.models:OldOrder"
canonical = "shop.orders.model:Order"
stage = "warn"
reason = "orders have a package of their own"
owner = "@checkout"
remove_after = %(in_two_months)s

[[rule]]
legacy = "shop.emailer"
canonical = "shop.notifications.email"
names = { send_mail = "send" }
stage = "strict"
reason = "every message goes through the outbox"
owner = "@platform"
since = %(long_ago)s
remove_after = %(ten_days_ago)s

[[rule]]
legacy = "shop.payments.stripe_v1"
canonical = "shop.payments.stripe"
stage = "strict"
reason = "the old API is switched off"
owner = "@payments"
remove_after = %(in_ten_days)s

[[rule]]
legacy = "shop.util.*"
canonical = "shop.common.*"
stage = "observe"
reason = "a name that says what it is"
owner = "@platform"

[[rule]]
legacy = "shop.carousel"
canonical = "shop.catalogue.carousel"
stage = "strict"
reason = "nobody has asked for it for long"
owner = "@catalogue"
remove_after = %(in_a_month)s

[[rule]]
legacy = "shop.search:find_products"
canonical = "shop.catalogue.search:search"
reason = "search has moved to the catalogue"
owner = "@catalogue"
removal = "6.0"

[[rule]]
legacy = "shop.analytics.track"
canonical = "shop.events.publish"
reason = "events have a schema"
owner = "@data"
remove_after = %(in_a_year)s

[[rule]]
legacy = "shop.sessions"
canonical = "shop.identity.sessions"
stage = "removed"
reason = "sessions live in the identity service"
owner = "@identity"
removal = "5.0"

[[rule]]
legacy = "netra_backend.app.websocket_core.websocket_manager_factory"
canonical = "netra_backend.app.websocket_core.websocket_manager"
reason = "one manager for each user"
owner = "@chat"
since = %(long_ago)s
remove_after = %(in_a_month)s

[[rule]]
legacy = "netra_backend.app.websocket_core.unified_manager"
canonical = "netra_backend.app.websocket_core.websocket_manager"
implementation = true
reason = "one manager for each user"
owner = "@chat"

[[rule]]
legacy = "test_framework.fixtures.websocket_manager_mock"
canonical = "netra_backend.app.websocket_core.websocket_manager"
names = { MockWebSocketManager = "WebSocketManager" }
reason = "results of tools reach nobody"
owner = "@quality"
"""

NEWEST_RULE: Final = """
[[rule]]
legacy = "shop.admin.views"
canonical = "shop.backoffice.views"
stage = "observe"
reason = "written into the map today: no process watches it yet"
owner = "@platform"
"""
"""A rule that was added to the map after all processes had started."""

OWNERS: Final = """\
*                        @platform
/shop/checkout/          @checkout
/shop/orders/            @checkout
/shop/catalogue/         @catalogue
/shop/jobs/              @data @platform
/shop/billing/           @payments
/netra_backend/          @chat
/netra_backend/agents/   @agents
/tests/                  @quality
"""

_CALL: Final = "import_module("
_CORE: Final = "netra_backend.app.websocket_core"

# File, function ("" at the top level), the import as it is written, the rule's legacy path.
_USES: Final = (
    ("shop/checkout/views.py", "", "from shop.cart_utils import Cart", "shop.cart_utils"),
    ("shop/checkout/views.py", "checkout", "from shop.legacy_pricing.tax import vat", "shop.legacy_pricing.*"),
    ("shop/checkout/views.py", "thank_you", "from shop.analytics.track import track", "shop.analytics.track"),
    ("shop/checkout/vouchers.py", "", "from shop.cart_utils import Cart, total as cart_total", "shop.cart_utils"),
    ("shop/checkout/vouchers.py", "redeem", "from shop.legacy_pricing.discounts import apply", "shop.legacy_pricing.*"),
    ("shop/checkout/gifts.py", "wrap", "import shop.cart_utils as cart_utils", "shop.cart_utils"),
    ("shop/checkout/gifts.py", "", "from shop.util.money import rounded", "shop.util.*"),
    ("shop/orders/admin.py", "", "from shop.cart_utils import Cart", "shop.cart_utils"),
    ("shop/orders/admin.py", "export", "from shop.models import OldOrder", "shop.models:OldOrder"),
    ("shop/orders/admin.py", "resend", "from shop.emailer import send_mail", "shop.emailer"),
    ("shop/orders/history.py", "", "from shop.models import OldOrder, Address", "shop.models:OldOrder"),
    ("shop/orders/history.py", "recent", "from shop.util.dates import days_ago", "shop.util.*"),
    ("shop/orders/returns.py", "refund", "from shop.payments import stripe_v1", "shop.payments.stripe_v1"),
    ("shop/orders/returns.py", "notify", "from shop.emailer import send_mail, Message", "shop.emailer"),
    ("shop/orders/invoices.py", "", "from shop.legacy_pricing import tax, rounding", "shop.legacy_pricing.*"),
    ("shop/orders/invoices.py", "render", "from shop.util.text import shorten", "shop.util.*"),
    ("shop/catalogue/listing.py", "", "from shop.search import find_products", "shop.search:find_products"),
    ("shop/catalogue/listing.py", "filters", "from shop.util.text import slug", "shop.util.*"),
    ("shop/catalogue/prices.py", "", "from shop.legacy_pricing.rounding import to_cents", "shop.legacy_pricing.*"),
    ("shop/catalogue/prices.py", "refresh", "import shop.legacy_pricing.tax as tax", "shop.legacy_pricing.*"),
    ("shop/catalogue/feeds.py", "feed", "from shop.search import find_products as find", "shop.search:find_products"),
    ("shop/catalogue/feeds.py", "", "from shop.util import text, money", "shop.util.*"),
    ("shop/billing/charges.py", "charge", "import shop.payments.stripe_v1 as stripe", "shop.payments.stripe_v1"),
    ("shop/billing/charges.py", "", "from shop.util.money import rounded, split", "shop.util.*"),
    ("shop/billing/dunning.py", "remind", "from shop.emailer import send_mail", "shop.emailer"),
    ("shop/billing/ledger.py", "", "from shop.legacy_pricing.rounding import to_cents", "shop.legacy_pricing.*"),
    ("shop/jobs/nightly.py", "carts", 'import_module("shop.cart_utils")', "shop.cart_utils"),
    ("shop/jobs/nightly.py", "orders", "from shop.models import OldOrder", "shop.models:OldOrder"),
    ("shop/jobs/nightly.py", "", "from shop.util.dates import days_ago, today", "shop.util.*"),
    ("shop/jobs/reports.py", "", "from shop.util.text import shorten", "shop.util.*"),
    ("shop/jobs/reports.py", "weekly", "from shop.analytics.track import track", "shop.analytics.track"),
    ("shop/jobs/imports.py", "load", "from shop.models import OldOrder as Order", "shop.models:OldOrder"),
    ("shop/jobs/cleanup.py", "forget", "from shop.sessions import Session", "shop.sessions"),
    ("shop/api/search.py", "suggest", "from shop.search import find_products", "shop.search:find_products"),
    ("shop/api/carts.py", "", "from shop.cart_utils import Cart", "shop.cart_utils"),
    ("shop/api/carts.py", "merge", "from shop.util.money import rounded", "shop.util.*"),
    ("shop/api/events.py", "", "from shop.analytics.track import track", "shop.analytics.track"),
    ("shop/mobile/feed.py", "", "from shop.analytics.track import track", "shop.analytics.track"),
    ("shop/mobile/basket.py", "sync", "from shop.cart_utils import Cart", "shop.cart_utils"),
    ("netra_backend/app/main.py", "", f"from {_CORE}.websocket_manager_factory import create_websocket_manager", f"{_CORE}.websocket_manager_factory"),
    ("netra_backend/app/routes/chat.py", "connect", f"from {_CORE}.websocket_manager_factory import create_websocket_manager", f"{_CORE}.websocket_manager_factory"),
    ("netra_backend/app/routes/chat.py", "", f"from {_CORE}.unified_manager import WebSocketManagerMode", f"{_CORE}.unified_manager"),
    ("netra_backend/app/routes/health.py", "health", f"from {_CORE} import unified_manager", f"{_CORE}.unified_manager"),
    ("netra_backend/agents/supervisor.py", "run", f"from {_CORE}.unified_manager import WebSocketManagerMode", f"{_CORE}.unified_manager"),
    ("netra_backend/agents/tools.py", "dispatch", f"from {_CORE}.websocket_manager_factory import create_websocket_manager", f"{_CORE}.websocket_manager_factory"),
    ("netra_backend/agents/tools.py", "results", "from test_framework.fixtures.websocket_manager_mock import MockWebSocketManager", "test_framework.fixtures.websocket_manager_mock"),
    ("tests/checkout/test_views.py", "test_total", "from shop.cart_utils import Cart", "shop.cart_utils"),
    ("tests/checkout/conftest.py", "", "from shop.models import OldOrder", "shop.models:OldOrder"),
    ("tests/chat/test_delivery.py", "", "from test_framework.fixtures.websocket_manager_mock import MockWebSocketManager", "test_framework.fixtures.websocket_manager_mock"),
    ("tests/chat/test_agents.py", "test_tools", "from test_framework.fixtures.websocket_manager_mock import MockWebSocketManager", "test_framework.fixtures.websocket_manager_mock"),
    ("tests/billing/test_charges.py", "test_charge", "from shop.payments.stripe_v1 import Charge", "shop.payments.stripe_v1"),
    ("tests/test_emails.py", "test_outbox", "from shop.emailer import send_mail", "shop.emailer"),
)  # fmt: skip

_THIRD_PARTY: Final = (
    ("acme_loyalty/hooks.py", 41, "on_checkout", "acme_loyalty.hooks", "shop.cart_utils", "shop.cart_utils", ("Cart",), "acme-loyalty"),
    ("acme_loyalty/points.py", 18, "<module>", "acme_loyalty.points", "shop.models:OldOrder", "shop.models:OldOrder", ("OldOrder",), "acme-loyalty"),
    ("shop_bi_export/rows.py", 77, "Exporter.rows", "shop_bi_export.rows", "shop.search:find_products", "shop.search:find_products", ("find_products",), "shop-bi-export"),
    ("shop_bi_export/mail.py", 12, "<module>", "shop_bi_export.mail", "shop.emailer", "shop.emailer", ("send_mail",), "shop-bi-export"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class InventedSite:
    """One use in the invented program.

    Attributes:
        rule: the legacy path of the rule.
        path: the legacy path that is reached.
        file: the file, as a store has it.
        line: the line.
        function: the qualified function, ``<module>`` at the top level.
        module: the module.
        mechanism: how it imports.
        names: the names that it imports.
        distribution: the distribution, of third-party code.

    """

    rule: str
    path: str
    file: str
    line: int
    function: str
    module: str
    mechanism: str
    names: tuple[str, ...]
    distribution: str = ""


def write_program(folder: Path, days: dict[str, str]) -> tuple[Path, list[InventedSite]]:
    """Write map, owners and source; return the map's file and all uses.

    Args:
        folder: the folder.
        days: the ISO dates in the map, by name.

    """
    map_file = folder / "enforcer.toml"
    map_file.write_text(MAP % days + NEWEST_RULE, "utf-8")
    (folder / "CODEOWNERS").write_text(OWNERS, "utf-8")
    _write_canonical(folder, load_map(str(map_file)))
    sites = []
    for file in dict.fromkeys(use[0] for use in _USES):
        text, found = _write_file(file)
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        sites += found
    folder_of_others = "/srv/shop/.venv/lib/python3.13/site-packages"
    for inner, line, function, module, rule, reached, names, distribution in _THIRD_PARTY:
        where = f"{folder_of_others}/{inner}"
        sites.append(
            InventedSite(
                rule,
                reached,
                where,
                line,
                function,
                module,
                "import_statement",
                names,
                distribution,
            )
        )
    return map_file, sites


def _write_canonical(folder: Path, migration_map: MigrationMap) -> None:
    """Write the canonical modules that the callers need: a change is proposed to what exists."""
    rules = {rule.legacy: rule for rule in migration_map}
    names: dict[str, set[str]] = {rule.target: {rule.target_name} for rule in migration_map}
    for _, _, statement, legacy in _USES:
        rule = rules[legacy]
        path, _, asked = _asked(statement, legacy)
        if rule.name:
            continue
        if path != rule.module and not asked:
            names.setdefault(rule.canonical_of(path), set())
        for name in asked:
            if path == rule.module and rule.kind == TREE:
                names.setdefault(f"{rule.target}.{name}", set())
            else:
                new = rule.canonical_name(path, name)
                names.setdefault(rule.canonical_of(path), set()).add(new)
    for module, defined in names.items():
        is_package = any(other.startswith(f"{module}.") for other in names)
        file = folder.joinpath(*module.split("."), "__init__") if is_package else None
        file = (file or folder.joinpath(*module.split("."))).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{name} = None\n" for name in sorted(defined - {""})), "utf-8")


def _write_file(file: str) -> tuple[str, list[InventedSite]]:
    module = file.removesuffix(".py").replace("/", ".")
    lines = [f'"""{module.rpartition(".")[2].replace("_", " ").capitalize()}."""', ""]
    sites = []
    uses = sorted((use[1:] for use in _USES if use[0] == file), key=lambda use: bool(use[0]))
    if any(statement.startswith(_CALL) for _, statement, _ in uses):
        lines.append("from importlib import import_module")
    for function, statement, rule in uses:
        is_call = statement.startswith(_CALL)
        if function:
            lines += ["", "", f"def {function}(request):", f'    """{function.capitalize()}."""']
            lines.append(f"    module = {statement}" if is_call else f"    {statement}")
        else:
            lines.append(statement)
        path, mechanism, names = _asked(statement, rule)
        where = function or "<module>"
        sites.append(InventedSite(rule, path, file, len(lines), where, module, mechanism, names))
        if function:
            used = "module" if is_call else statement.rpartition(" ")[2].partition(".")[0]
            lines += ["", f"    return answer(request, {used})"]
    return "\n".join(lines) + "\n", sites


def _asked(statement: str, rule: str) -> tuple[str, str, tuple[str, ...]]:
    """Return the legacy path that a statement reaches, the mechanism, and the names it asks for."""
    if statement.startswith(_CALL):
        return statement.split('"')[1], IMPORT_MODULE, ()
    if statement.startswith("import "):
        return statement.split()[1], IMPORT_STATEMENT, ()
    _, path, _, rest = statement.split(maxsplit=3)
    names = tuple(part.split()[0] for part in rest.split(","))
    if ":" in rule:
        return rule, IMPORT_STATEMENT, (rule.partition(":")[2],)
    top = rule.removesuffix(".*")
    if path == top or path.startswith(f"{top}."):
        return path, IMPORT_STATEMENT, names
    return f"{path}.{names[0]}", IMPORT_STATEMENT, ()
