"""Define what the enforcer raises, for its users to catch.

EnforcerError
├── MapError             the migration map has mistakes (``enforcer.rules.mistakes``)
├── StoreError           the store can't be read (``enforcer.store``)
├── LateEnablingError    a strict path was imported before the enforcer was enabled
├── DelegationError      a strict legacy factory can't be answered by the canonical one
└── InstanceError        there is no instance for a call: it has no key, or there are too many

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


class EnforcerError(Exception):
    """Report a mistake of the enforcer's user, in words for them."""


class LateEnablingError(EnforcerError):
    """Report that a strict legacy path had been imported before enabling."""


class DelegationError(EnforcerError):
    """Report that a strict legacy factory can't be answered by the canonical one."""


class InstanceError(EnforcerError):
    """Report that a call has no key, or that there can be no instance for it."""


class LegacyImportError(ImportError):
    """Refuse an import of a legacy path.

    Attributes:
        legacy: the legacy path that was asked for.
        canonical: the path to use instead.
        call_site: where it was asked for.
        rule: the rule that refused it.

    """

    def __init__(
        self, message: str, *, legacy: str, canonical: str, call_site: "CallSite", rule: "Rule"
    ) -> None:
        """Take the message and what it speaks of; ``name`` is the legacy path."""
        super().__init__(message, name=legacy.partition(":")[0])
        self.legacy = legacy
        self.canonical = canonical
        self.call_site = call_site
        self.rule = rule


class LegacyImportWarning(DeprecationWarning):
    """Warn of an import of a legacy path, at the caller's file and line."""


class LegacyCallError(RuntimeError):
    """Refuse a call of a legacy factory.

    Attributes:
        legacy: the legacy factory that was called.
        canonical: the factory to call instead.
        call_site: where it was called.
        rule: the rule that refused it.

    """

    def __init__(
        self, message: str, *, legacy: str, canonical: str, call_site: "CallSite", rule: "Rule"
    ) -> None:
        """Take the message and what it speaks of."""
        super().__init__(message)
        self.legacy = legacy
        self.canonical = canonical
        self.call_site = call_site
        self.rule = rule


class LegacyCallWarning(DeprecationWarning):
    """Warn of a call of a legacy factory, at the caller's file and line."""
