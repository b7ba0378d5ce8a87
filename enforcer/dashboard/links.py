"""The page that is shown, links from it that keep filters, and rule ids that suit a URL."""

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
    """The page that is shown, and links from it to itself and to others.

    Attributes:
        prefix: the path under which a proxy publishes the dashboard.
        path: the path of the page, without the prefix.
        params: the query parameters of its URL.
        filters: the filters, which apply to every page.

    """

    prefix: str
    path: str
    params: Mapping[str, str]
    filters: Filters

    def but(self, **changes: object) -> str:
        """Return the URL of this page with some query parameters changed."""
        return address(self.prefix, self.path, {**self.params, "page": "", **changes})

    def table(self, state: TableState, **changes: object) -> str:
        """Return the URL of this page with a table in another state."""
        return address(self.prefix, self.path, {**self.params, **state.params(**changes)})

    def to(self, path: str, **params: object) -> str:
        """Return the URL of another page, under the same filters."""
        return address(self.prefix, path, {**self.filters.chosen, **params})

    def api(self, path: str, **params: object) -> str:
        """Return the URL of the same data in the API."""
        kept = {key: value for key, value in self.params.items() if key not in ("page", "size")}
        return address(self.prefix, f"/api{path}", {**kept, **params})

    def text(self, path: str, **params: object) -> str:
        """Return the URL of a text to copy, which no filter changes."""
        return address(self.prefix, f"/api{path}", params)

    def rule(self, legacy: str) -> str:
        """Return the URL of a rule's page."""
        return self.to(f"/rules/{rule_id(legacy)}")


def without_password(store: str) -> str:
    """Return the address of a store without its password."""
    scheme, mark, rest = store.partition("://")
    user, at, host = rest.rpartition("@")
    if not mark or not at:
        return store
    return f"{scheme}://{user.partition(':')[0]}@{host}"


def rule_id(legacy: str) -> str:
    """Return a legacy path as a URL's segment: quoted, or a digest if it is very long."""
    written = quote(legacy, safe=":*")
    if len(written) <= _LONGEST and not legacy.startswith(_DIGEST):
        return written
    digest = sha256(legacy.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{_DIGEST}{digest[:20]}"


def is_rule(wanted: str, legacy: str) -> bool:
    """Return whether a decoded segment of a URL stands for a legacy path."""
    return wanted == legacy or (wanted.startswith(_DIGEST) and wanted == rule_id(legacy))
