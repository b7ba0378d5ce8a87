"""Model of the migration map: its rules, and which rule covers a module path.

Plain classes with slots instead of dataclasses: this module is imported at process start-up, where
every import counts.
"""

from enforcer.rules.regular_files import digest
from enforcer.rules.stages import ALIAS, OBSERVE, REMOVED, STRICT

MODULE = "module"
TREE = "tree"
NAME = "name"
FACTORY = "factory"
INSTANCES = "instances"

TREE_SUFFIX = ".*"
LEGACY_FALLBACK = "legacy"

IGNORED = "ignored"
"""The kind of a notice on a part of the map, or of the environment, that is ignored."""

LAST = "last"
"""The kind of a notice that the map's file can't be read, and its last content is in force."""

NO_LOG = "off"
STRUCTLOG = "structlog"
LOGGING = "logging"

KEEP_DAYS = 400
"""For how many days a store keeps its rows by default: a yearly job is still known."""

LEAST_DAYS = 90
"""For how many days a store keeps hourly counts, and the least that it keeps its rows."""

DEFAULT_QUIET_DAYS = 30
"""For how many days nobody in production may have used a path before it can go, at least."""

DEFAULT_TOMBSTONE_DAYS = 180
"""For how many days a removed path stays in the map after the last caller asked for it."""

PRODUCTION = ("production",)
"""The environments whose uses keep a path alive, unless the map names others."""

FOR_PEOPLE = ("reason", "since", "remove_after", "removal", "owner", "link")
"""The fields of a rule that change nothing in a program: people read them."""

FOR_VERDICTS = ("quiet_for", "removed_on", "forced")
"""The fields of a rule that change nothing in a program: verdicts and their commands read them."""

DECLARED = ("canonical", "stage", *FOR_PEOPLE)
"""The fields of a rule that stores have beside its legacy path, in the order of their columns."""

LOGS = (NO_LOG, STRUCTLOG, LOGGING)
"""Where a log line for each new call site may go."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TypeAlias

    from enforcer.rules.exemptions import Exemption
    from enforcer.rules.factory_model import Factory, Instances
    from enforcer.rules.outline import Outline
    from enforcer.rules.rollout import Place, Rollout
    from enforcer.rules.stages import StageOverride
    from enforcer.rules.terms import AcceptedBreak, Job

    Entry: TypeAlias = "Rule | Instances"


class Rule:
    """One legacy path that has moved to a canonical path.

    ``legacy`` and ``canonical`` are kept as they were written in the map; ``module`` and
    ``name``, ``target`` and ``target_name`` are their parts.

    Attributes:
        legacy: the legacy path as written: ``a.old``, ``a.old.*`` or ``a.mod:name``.
        canonical: the canonical path as written, of the same kind.
        kind: ``module``, ``tree`` or ``name``; of a factory (see ``factory_model``) ``factory``.
        module: dotted path of the legacy module (the tree's top, or the live module).
        name: the legacy name in ``module``, for kind ``name``; otherwise empty.
        target: dotted path of the canonical module.
        target_name: the canonical name in ``target``, for kind ``name``; otherwise empty.
        stage: one of :data:`enforcer.rules.stages.STAGES`, after any override.
        names: legacy name → canonical name, for names that were renamed.
        reason: why it moved, for people.
        since: ISO date since when it is deprecated, or empty.
        remove_after: ISO date after which it may be deleted, or empty.
        removal: the version that deletes it, or empty.
        owner: the owner of the migration, or empty.
        link: where to read more, or empty.
        implementation: whether the implementation is still at the legacy path.
        fallback: ``legacy`` if names that the canonical module lacks are served by the
            legacy module's own code; otherwise empty.
        refuse: whether stage ``strict`` refuses, or only records that it would have.
        quiet_for: for how many days nobody may have used it before it can go, instead of the
            map's; 0 without the key.
        removed_on: ISO date on which ``enforcer retire`` deleted it, or empty.
        forced: why it was deleted without a verdict that it can go, or empty.
        line: the line of the rule in the map's file, from 1; 0 if it came from elsewhere.

    """

    __slots__ = (
        "canonical",
        "fallback",
        "forced",
        "implementation",
        "kind",
        "legacy",
        "line",
        "link",
        "module",
        "name",
        "names",
        "owner",
        "quiet_for",
        "reason",
        "refuse",
        "removal",
        "remove_after",
        "removed_on",
        "since",
        "stage",
        "target",
        "target_name",
    )

    def __init__(  # noqa: PLR0913 - one parameter for each key of the map
        self,
        legacy: str,
        canonical: str,
        *,
        stage: str = ALIAS,
        names: "Mapping[str, str] | None" = None,
        reason: str = "",
        since: str = "",
        remove_after: str = "",
        removal: str = "",
        owner: str = "",
        link: str = "",
        implementation: bool = False,
        fallback: str = "",
        refuse: bool = True,
        quiet_for: int = 0,
        removed_on: str = "",
        forced: str = "",
        line: int = 0,
    ) -> None:
        """Split the paths; nothing is validated here (see ``validation``)."""
        self.legacy = legacy
        self.canonical = canonical
        if legacy.endswith(TREE_SUFFIX):
            self.kind = TREE
        else:
            self.kind = NAME if ":" in legacy else MODULE
        self.module, _, self.name = legacy.removesuffix(TREE_SUFFIX).partition(":")
        self.target, _, self.target_name = canonical.removesuffix(TREE_SUFFIX).partition(":")
        self.stage = stage
        self.names = dict(names or {})
        self.reason = reason
        self.since = since
        self.remove_after = remove_after
        self.removal = removal
        self.owner = owner
        self.link = link
        self.implementation = implementation
        self.fallback = fallback
        self.refuse = refuse
        self.quiet_for = quiet_for
        self.removed_on = removed_on
        self.forced = forced
        self.line = line

    def __repr__(self) -> str:
        return f"<Rule {self.legacy} -> {self.canonical} ({self.stage})>"

    def aliases(self) -> bool:
        """Return whether the legacy path resolves to the canonical object."""
        return self.stage != OBSERVE and not self.implementation

    @property
    def is_observed(self) -> bool:
        """Whether the legacy path runs its own code because of its stage alone."""
        return self.stage == OBSERVE and not self.implementation

    def in_stage(self, stage: str) -> "Rule":
        """Return a copy in another stage, for a path whose legacy or canonical side is missing."""
        copy = Rule(self.legacy, self.canonical, stage=stage)
        for field in ("line", "names", "refuse", *FOR_PEOPLE, *FOR_VERDICTS):
            setattr(copy, field, getattr(self, field))
        return copy

    @property
    def refuses(self) -> bool:
        """Whether the stage refuses callers: all of them, or those outside of the baseline."""
        return self.stage == REMOVED or (self.stage == STRICT and self.refuse)

    @property
    def keeps_own_code(self) -> bool:
        """Whether the legacy module's own code still runs, for some names or for all."""
        return self.implementation or self.fallback == LEGACY_FALLBACK

    def canonical_of(self, path: str) -> str:
        """Return the canonical path of a legacy module path that this rule covers.

        Args:
            path: the rule's ``module`` or a dotted path below it.

        """
        return self.target + path[len(self.module) :]

    def canonical_name(self, module: str, name: str) -> str:
        """Return the canonical name of a name in a legacy module that this rule covers."""
        return self.names.get(name, name) if module == self.module else name


def covers_path(covering: str, path: str) -> bool:
    """Return whether a path equals a path of the map, or is below it."""
    own = covering.removesuffix(TREE_SUFFIX)
    return path == own or path.startswith((f"{own}.", f"{own}:"))


def path_of(entry: "Entry") -> str:
    """Return the path by which the map names an entry: an ``[[instances]]`` has no legacy one."""
    return entry.canonical if entry.kind == INSTANCES else entry.legacy  # type: ignore[union-attr]


class _Index:
    """The entries of a map by the paths that are looked up."""

    __slots__ = ("factories", "instances", "names", "paths", "rules")

    def __init__(self, entries: "Iterable[Entry]", of: "MigrationMap") -> None:
        rules: list[Rule] = []
        factories: list[Factory] = []
        instances: list[Instances] = []
        self.paths: dict[str, Rule] = {}
        self.names: dict[str, dict[str, Rule]] = {}
        for entry in entries:
            of.put_in_stage(entry)
            if entry.kind == INSTANCES:
                instances.append(entry)  # type: ignore[arg-type]
            elif entry.kind == FACTORY:
                factories.append(entry)  # type: ignore[arg-type]
            else:
                self._add(entry)  # type: ignore[arg-type]
                rules.append(entry)  # type: ignore[arg-type]
        self.rules = tuple(rules)
        self.factories = tuple(factories)
        self.instances = tuple(instances)

    def _add(self, rule: Rule) -> None:
        if rule.kind == NAME:
            self.names.setdefault(rule.module, {})[rule.name] = rule
        else:
            self.paths[rule.module] = rule


def longest_match(
    rules: "Mapping[str, Rule]", path: str, covers_below: "Callable[[Rule], bool]"
) -> Rule | None:
    """Return the rule of the longest path that is a dotted path or above it.

    Args:
        rules: module and tree rules by their module.
        path: the dotted path.
        covers_below: whether a module rule covers what is below its module; a tree rule always
            does.

    """
    covered, dot = path, "."
    while dot:
        rule = rules.get(covered)
        if rule is not None and (covered == path or rule.kind == TREE or covers_below(rule)):
            return rule
        covered, dot, _ = covered.rpartition(".")
    return None


class MigrationMap:
    """All rules; finds the one that covers a path.

    The rules are created at the first access to one of them: a process that imports no legacy
    module needs only the outline.

    Attributes:
        service: the name of the service that runs, or empty.
        default_stage: the stage of rules that name none.
        refuse: whether strict rules refuse that don't have the key.
        fail_open: whether the program goes on when the map is broken.
        sigterm: whether an unhandled SIGTERM is handled, to write the last uses.
        log: where a line for each new call site goes, one of :data:`LOGS`.
        telemetry: whether anything is sent to OpenTelemetry, if that is configured.
        scrub: ``module:function`` that filters telemetry before it is sent, or empty.
        root: absolute path of the folder with the team's own code.
        expected_services: services whose heartbeats a verdict needs.
        production: the environments whose uses keep a path alive.
        quiet_for: for how many days nobody may have used a path before it can go.
        jobs: services that run rarely.
        accept: times in which a service was not watched, and the team accepts that.
        tombstone_for: for how many days a removed path stays in the map after the last ask.
        store: absolute path of the SQLite store.
        keep_days: for how many days the store keeps its rows; 0 for ever.
        keep_days_of: the services of which it keeps them for fewer days, and for how many.
        baseline: absolute path of the baseline that strict rules tolerate, or empty.
        allow: exemptions: callers that may use a strict path until a day.
        source_url: template of links to call sites in the code host, or empty.
        exclude: patterns of files that ``enforcer check`` and similar commands don't read.
        expect_refusals: the tests that expect refusals: node ids of pytest, or prefixes of them.
        path: absolute path of the file that was read, or empty.
        digest: hexadecimal digest of the file's content, or empty.
        rollouts: stages for a part of the fleet, in the order of the map.
        place: where this process runs, by which rollouts apply; None for the hardest stage of any
            process of the fleet.
        is_settled: whether the place was set; enabling sets it otherwise.
        override: the override of all stages, or None.
        refusal: the override of ``refuse``, or None.
        ignored: kind, subject and text of a notice for each part of the file, or of the
            environment, that is not in force because of a mistake.

    """

    __slots__ = (
        "_made",
        "_outline",
        "_rules",
        "accept",
        "allow",
        "baseline",
        "default_stage",
        "digest",
        "exclude",
        "expect_refusals",
        "expected_services",
        "fail_open",
        "ignored",
        "is_settled",
        "jobs",
        "keep_days",
        "keep_days_of",
        "log",
        "override",
        "path",
        "place",
        "production",
        "quiet_for",
        "refusal",
        "refuse",
        "rollouts",
        "root",
        "scrub",
        "service",
        "sigterm",
        "source_url",
        "store",
        "telemetry",
        "tombstone_for",
    )

    def __init__(  # noqa: PLR0913 - one parameter for each key of the map
        self,
        rules: "Iterable[Entry] | Callable[[], Iterable[Entry]]" = (),
        *,
        service: str = "",
        default_stage: str = ALIAS,
        refuse: bool = True,
        fail_open: bool = True,
        sigterm: bool = False,
        log: str = NO_LOG,
        telemetry: bool = True,
        scrub: str = "",
        root: str = "",
        expected_services: "Iterable[str]" = (),
        production: "Iterable[str]" = PRODUCTION,
        quiet_for: int = DEFAULT_QUIET_DAYS,
        jobs: "Iterable[Job]" = (),
        accept: "Iterable[AcceptedBreak]" = (),
        tombstone_for: int = DEFAULT_TOMBSTONE_DAYS,
        store: str = "",
        keep_days: int = KEEP_DAYS,
        keep_days_of: "Iterable[tuple[str, int]]" = (),
        baseline: str = "",
        allow: "Iterable[Exemption]" = (),
        source_url: str = "",
        exclude: "Iterable[str]" = (),
        expect_refusals: "Iterable[str]" = (),
        path: str = "",
        digest: str = "",
        outline: "Outline | None" = None,
        rollouts: "Iterable[Rollout]" = (),
        override: "StageOverride | None" = None,
        refusal: bool | None = None,
        ignored: "Iterable[tuple[str, str, str]]" = (),
    ) -> None:
        """Set the fields; nothing is validated here (see ``validation``).

        Rules, factories and instances come together, in any order, or as a callable that creates
        them, which may be called more than once.
        """
        self._rules = rules if callable(rules) else tuple(rules)
        self.rollouts = tuple(rollouts)
        if self.rollouts and not callable(self._rules):
            from copy import copy

            # Copied, because stages are set twice: for the whole fleet, and for one process.
            given = self._rules
            self._rules = lambda: map(copy, given)
        self._made: dict[str, _Index] = {}
        self._outline = outline
        self.service = service
        self.default_stage = default_stage
        self.refuse = refuse
        self.fail_open = fail_open
        self.sigterm = sigterm
        self.log = log
        self.telemetry = telemetry
        self.scrub = scrub
        self.root = root
        self.expected_services = tuple(expected_services)
        self.production = tuple(production)
        self.quiet_for = quiet_for
        self.jobs = tuple(jobs)
        self.accept = tuple(accept)
        self.tombstone_for = tombstone_for
        self.store = store
        self.keep_days = keep_days
        self.keep_days_of = tuple(keep_days_of)
        self.baseline = baseline
        self.allow = tuple(allow)
        self.source_url = source_url
        self.exclude = tuple(exclude)
        self.expect_refusals = tuple(expect_refusals)
        self.path = path
        self.digest = digest
        self.place: Place | None = None
        self.is_settled = not self.rollouts
        self.override = override
        self.refusal = refusal
        self.ignored = tuple(ignored)

    @property
    def _index(self) -> _Index:
        # setdefault is atomic: two threads that get here at once get the same rules.
        index = self._made.get("index")
        if index is None:
            rules = self._rules() if callable(self._rules) else self._rules
            index = self._made.setdefault("index", _Index(rules, self))
        return index

    @property
    def rules(self) -> "tuple[Rule, ...]":
        """Every rule of an import path or a name, in the order of the map."""
        return self._index.rules

    @property
    def factories(self) -> "tuple[Factory, ...]":
        """Every factory that delegates, in the order of the map."""
        return self._index.factories

    @property
    def instances(self) -> "tuple[Instances, ...]":
        """Every class or factory with one instance for each key, in the order of the map."""
        return self._index.instances

    def __iter__(self) -> "Iterator[Rule]":
        """Iterate over all entries that have uses: the rules, then the factories."""
        return iter((*self.rules, *self.factories))

    @property
    def identity(self) -> str:
        """Text that identifies these rules without comparing them; empty without a digest."""
        if not self.digest:
            return ""
        override, parts = self.override, [self.digest]
        if self.rollouts:
            from enforcer.rules.rollout import identity_of

            parts.append(identity_of(self.rollouts, self.place))
        if override is not None:
            parts.append(f"{override.lower}-{override.upper}")
        ignored = sorted(one[:2] for one in self.ignored if one[0] != LAST)
        if ignored:
            # Another version of the enforcer may understand more of the same file.
            text = repr(ignored).encode("utf-8", "backslashreplace")
            parts.append(f"without {digest(text)}")
        return " ".join(parts)

    def settle(self, place: "Place | None") -> None:
        """Apply the rollouts for a place, or for the whole fleet; call it before rules are used.

        Args:
            place: where this process runs; None for the hardest stages of any process.

        """
        self.place = place
        self.is_settled = True
        self._made.clear()

    def put_in_stage(self, entry: "Entry") -> None:
        """Set the stage that an entry has in this process."""
        is_rule = entry.kind != INSTANCES
        stage, refuse = entry.stage, not is_rule or entry.refuse  # type: ignore[union-attr]
        if self.rollouts:
            from enforcer.rules.rollout import decide

            stage, refuse = decide(
                self.rollouts, path_of(entry), stage, refuse=refuse, place=self.place
            )
        if self.override is not None:
            stage = self.override.apply(stage)
        if self.refusal is not None:
            refuse = self.refusal
        if is_rule:
            entry.refuse = refuse  # type: ignore[union-attr]
            # A removed path can't only be recorded: there is nothing left to import.
            stage = STRICT if stage == REMOVED and not refuse else stage
        entry.stage = stage

    @property
    def outline(self) -> "Outline":
        """The module paths in the map's entries."""
        if self._outline is None:
            from enforcer.rules.outline import outline_of

            self._outline = outline_of((*self.rules, *self.factories, *self.instances))
        return self._outline

    def match(self, path: str) -> Rule | None:
        """Return the module or tree rule that covers a dotted module path.

        The longest match wins, on dot boundaries: a rule for ``old`` never covers ``older``. A
        module rule covers paths below its own only in stages that alias, because the children of
        an alias are the canonical package's.
        """
        return longest_match(self._index.paths, path, Rule.aliases)

    def names_in(self, module: str) -> "Mapping[str, Rule]":
        """Return the rules for single names of a live module, by name."""
        return self._index.names.get(module, {})
