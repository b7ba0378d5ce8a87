"""Settings of a dashboard: what it shows and to whom."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import time_ns

from enforcer.rules.model import MigrationMap


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a dashboard.

    Attributes:
        store: the store: the path of a file, or the address of a server.
        migration_map: the map, whose root has the source and the owners; None without one.
        prefix: the path under which a proxy publishes the dashboard, such as ``/enforcer``.
        token: the token that visitors need; empty if everybody on this machine may look.
        scopes: further tokens, and the services that each may read.
        proxies: addresses of the proxies that sign visitors in; only theirs is the header believed.
        user_header: the header in which such a proxy names the visitor; empty for none.
        services_header: the header in which it names the services that the visitor may read, with
            commas; empty if all visitors may read everything.
        hosts: host names that are allowed besides addresses and this machine's own.
        is_demo: whether the store has an invented history.
        now: returns the time, in nanoseconds since the epoch.
        poll_seconds: how often an open page asks for changes.

    """

    store: str
    migration_map: MigrationMap | None = None
    prefix: str = ""
    token: str = ""
    scopes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    proxies: frozenset[str] = frozenset()
    user_header: str = ""
    services_header: str = ""
    hosts: frozenset[str] = frozenset()
    is_demo: bool = False
    now: Callable[[], int] = time_ns
    poll_seconds: float = 2.0

    @property
    def expected_services(self) -> tuple[str, ...]:
        """Return the services that the map expects to be watched."""
        return self.migration_map.expected_services if self.migration_map else ()
