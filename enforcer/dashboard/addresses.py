"""Write the addresses of pages, so that what a visitor has chosen stays chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from enforcer.dashboard.filters import Filters, address
from enforcer.dashboard.tables import TableState

_LONGEST: Final = 300
_DIGEST: Final = "~"


@dataclass(frozen=True, slots=True)
class Here:
    """Stand on one page, and write the addresses of it and of others.

    Attributes:
        prefix: the path under which a proxy publishes the dashboard.
        path: the path of the page, without the prefix.
        params: what its address says.
        filters: what is chosen on every page.

    """

    prefix: str
    path: str
    params: Mapping[str, str]
    filters: Filters

    def but(self, **changes: object) -> str:
        """Give the address of this page with some of its parameters changed."""
        return address(self.prefix, self.path, {**self.params, "page": "", **changes})

    def table(self, state: TableState, **changes: object) -> str:
        """Give the address of this page with another part of a table."""
        return address(self.prefix, self.path, {**self.params, **state.params(**changes)})

    def to(self, path: str, **params: object) -> str:
        """Give the address of another page, under the same filters."""
        return address(self.prefix, path, {**self.filters.chosen, **params})

    def api(self, path: str, **params: object) -> str:
        """Give the address of the same data in the API."""
        kept = {key: value for key, value in self.params.items() if key not in ("page", "size")}
        return address(self.prefix, f"/api{path}", {**kept, **params})

    def rule(self, legacy: str) -> str:
        """Give the address of a rule's page."""
        return self.to(f"/rules/{rule_id(legacy)}")


def without_password(store: str) -> str:
    """Write the address of a store as a page may show it."""
    scheme, mark, rest = store.partition("://")
    user, at, host = rest.rpartition("@")
    if not mark or not at:
        return store
    return f"{scheme}://{user.partition(':')[0]}@{host}"


def rule_id(legacy: str) -> str:
    """Write a legacy path so that it can be part of an address, however long it is."""
    written = quote(legacy, safe=":*")
    if len(written) <= _LONGEST and not legacy.startswith(_DIGEST):
        return written
    digest = sha256(legacy.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{_DIGEST}{digest[:20]}"


def is_rule(wanted: str, legacy: str) -> bool:
    """Tell whether the end of an address, decoded, means a legacy path."""
    return wanted == legacy or (wanted.startswith(_DIGEST) and wanted == rule_id(legacy))
