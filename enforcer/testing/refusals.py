"""Failure text for a test whose code swallowed a refusal."""

from enforcer.recording.use import CALL, Use
from enforcer.runtime.imports.messages import canonical_path, remedy
from enforcer.testing.legacy_uses import summed


def describe(refused: list[Use]) -> str:
    """Return what was refused to whom, a line for each call site."""
    return "\n".join(map(_describe, summed(refused)))


def _describe(use: Use) -> str:
    error = "LegacyCallError" if use.site.mechanism == CALL else "LegacyImportError"
    times = f" ({use.count} times)" if use.count > 1 else ""
    return (
        f"{error} was swallowed{times}: {use.site} asked for the legacy path "
        f'"{use.site.path}", which moved to "{canonical_path(use.rule, use.site.path)}". '
        f"Mend it ({remedy(use.rule, use.site).removesuffix('.')}); "
        "a test that expects it has @pytest.mark.expect_refusal (swallowed-refusal)"
    )
