"""Exceptions and warnings for callers of legacy paths: LegacyImportError and three more.

ImportError
└── LegacyImportError    an import of a legacy path was refused

RuntimeError
└── LegacyCallError      a call of a legacy factory was refused

DeprecationWarning
├── LegacyImportWarning  a legacy path was imported in stage warn
└── LegacyCallWarning    a legacy factory was called in stage warn
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.recording.use import CallSite
    from enforcer.rules.model import Rule


class LegacyImportError(ImportError):
    """An import of a legacy path was refused.

    Attributes:
        legacy: the legacy path that was imported.
        canonical: the path to use instead.
        call_site: the call site of the import.
        rule: the rule that refused it.

    """

    __module__ = "enforcer"  # the name to catch it by, also in tracebacks and pickles

    def __init__(
        self, message: str, *, legacy: str, canonical: str, call_site: "CallSite", rule: "Rule"
    ) -> None:
        """Set the message and the attributes; ``name`` is the legacy path."""
        super().__init__(message, name=legacy.partition(":")[0])
        self.legacy = legacy
        self.canonical = canonical
        self.call_site = call_site
        self.rule = rule


class LegacyImportWarning(DeprecationWarning):
    """A legacy path was imported; issued at the caller's file and line."""

    __module__ = "enforcer"


class LegacyCallError(RuntimeError):
    """A call of a legacy factory was refused.

    Attributes:
        legacy: the legacy factory that was called.
        canonical: the factory to call instead.
        call_site: the call site.
        rule: the rule that refused it.

    """

    __module__ = "enforcer"

    def __init__(
        self, message: str, *, legacy: str, canonical: str, call_site: "CallSite", rule: "Rule"
    ) -> None:
        super().__init__(message)
        self.legacy = legacy
        self.canonical = canonical
        self.call_site = call_site
        self.rule = rule


class LegacyCallWarning(DeprecationWarning):
    """A legacy factory was called; issued at the caller's file and line."""

    __module__ = "enforcer"
