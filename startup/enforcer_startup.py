"""What ``enforcer_startup.start`` names: Python 3.15 and later import it at start (PEP 829).

PYTEST_DONT_REWRITE: it is loaded before pytest, which would warn of that.
"""

import os


def enable() -> None:
    """Enable by ``ENFORCER_MAP``; where it is not set, load nothing of the package."""
    if os.environ.get("ENFORCER_MAP", "").strip():
        from enforcer.startup import enable_from_environment  # noqa: PLC0415 - only if asked

        enable_from_environment()
