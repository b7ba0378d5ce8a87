"""Uses and call sites: what was recorded."""

from enforcer.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.rules.model import Rule

# Mechanisms: how the caller asked.
IMPORT_STATEMENT = "import_statement"
IMPORT_MODULE = "import_module"
ATTRIBUTE = "attribute"
CALL = "call"
PICKLE = "pickle"
ENTRY_POINT = "entry_point"
PROBE = "probe"

KINDS = (IMPORT_STATEMENT, IMPORT_MODULE, ATTRIBUTE, CALL, PICKLE, ENTRY_POINT)
"""The mechanisms that are uses; a probe is none."""

# Outcomes: what the caller got.
OBSERVED = "observed"
ALIASED = "aliased"
WARNED = "warned"
EXEMPTED = "exempted"
WOULD_BLOCK = "would_block"  # as aliased: the rule says refuse = false
BLOCKED = "blocked"

# Relations: whose code the caller is.
OWN = "own"
THIRD_PARTY = "third_party"


class CallSite(Record):
    """A place in code that uses a legacy path.

    Attributes:
        path: the legacy path that was reached: a module, or ``module:name``.
        file: the caller's file, relative to the root for own code, otherwise absolute.
        line: the caller's line, from 1; 0 if there is none (the command line).
        function: the qualified name of the caller's function, ``<module>`` at top level.
        module: the caller's ``__name__``.
        mechanism: how it asked, one of this module's mechanisms.
        names: the names of a ``from … import``, ``("*",)`` for a star.
        via: ``file:line`` of the framework code that made the import for the caller, or empty.
        relation: ``own`` or ``third_party``.
        distribution: the caller's installed distribution, or empty.

    """

    path: str
    file: str
    line: int
    function: str
    module: str
    mechanism: str
    names: tuple[str, ...] = ()
    via: str = ""
    relation: str = OWN
    distribution: str = ""

    def _key(self) -> tuple[object, ...]:
        # Without the distribution, which follows from the file and is looked up later.
        return (
            self.line,
            self.file,
            self.path,
            self.names,
            self.function,
            self.module,
            self.mechanism,
            self.via,
            self.relation,
        )

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, CallSite) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __str__(self) -> str:
        """Format the site for people: file, line and function."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return where if self.function == "<module>" else f"{where} in {self.function}()"


class Use(Record):
    """The uses of one rule at one call site in one span of time.

    Attributes:
        rule: the rule that they fall under.
        stage: the stage that the rule had.
        outcome: what the caller got, one of this module's outcomes.
        site: the call site.
        count: their number, at least 1.
        first_seen: time of the first, in nanoseconds since the epoch.
        last_seen: time of the last, in nanoseconds since the epoch; exact to one flush interval.

    """

    rule: "Rule"
    stage: str
    outcome: str
    site: CallSite
    count: int
    first_seen: int
    last_seen: int
