"""``EnforcerError``, the base of all, and the errors of late enabling, delegation and instances.

EnforcerError
├── MapError             the migration map has mistakes (``enforcer.rules.mistakes``)
├── StoreError           the store can't be read (``enforcer.store``)
├── LateEnablingError    a strict path was imported before the enforcer was enabled
├── DelegationError      a strict legacy factory can't be answered by the canonical one
└── InstanceError        there is no instance for a call: it has no key, or there are too many

What callers of a legacy path get is in ``enforcer.runtime.refusals``.
"""


class EnforcerError(Exception):
    """A mistake of the enforcer's user; the message is written for them."""

    __module__ = "enforcer"  # the name to catch it by, also in tracebacks and pickles


class LateEnablingError(EnforcerError):
    """A strict legacy path was imported before the enforcer was enabled."""

    __module__ = "enforcer"


class DelegationError(EnforcerError):
    """A strict legacy factory can't be answered by the canonical one."""

    __module__ = "enforcer"


class InstanceError(EnforcerError):
    """A call has no key, or there can be no instance for it."""

    __module__ = "enforcer"
