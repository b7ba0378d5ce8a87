"""Put into words that code under test swallowed a refusal."""

from enforcer.recording.use import CALL, Use


def refusal(use: Use) -> str:
    """Say what was refused to whom."""
    error = "LegacyCallError" if use.site.mechanism == CALL else "LegacyImportError"
    times = f" ({use.count} times)" if use.count > 1 else ""
    return (
        f"{error} was swallowed{times}: {use.site} asked for the legacy path "
        f'"{use.site.path}", which moved to "{use.rule.canonical}". Mend it; '
        "a test that expects to be refused looks at legacy_uses.refused (swallowed-refusal)"
    )
