"""Name the stages of a rule and read an override of them.

A rule moves through the stages in one direction, from watching to refusing:
``observe`` → ``alias`` → ``warn`` → ``strict`` → ``removed``.
"""

OBSERVE = "observe"
ALIAS = "alias"
WARN = "warn"
STRICT = "strict"
REMOVED = "removed"

STAGES = (OBSERVE, ALIAS, WARN, STRICT, REMOVED)
"""Every stage, from the mildest to the hardest."""

ENVIRONMENT_KEY = "ENFORCER_STAGE"
"""The environment variable that overrides the stage of every rule."""

OFF = "off"
"""What it says where nothing is to be watched (``recording.safe_mode``); no rule has that stage."""


class StageOverride:
    """Replace, raise or lower the stage of every rule.

    Written ``STAGE`` (every rule gets that stage), ``at-least:STAGE`` (milder rules are
    raised to it) or ``at-most:STAGE`` (harder rules are lowered to it).
    """

    __slots__ = ("lower", "upper")

    def __init__(self, text: str) -> None:
        """Read an override.

        Args:
            text: the override as a person writes it, such as ``at-least:strict``.

        Raises:
            ValueError: if ``text`` is no override; the message says what to write.

        """
        bound, colon, stage = text.strip().rpartition(":")
        if stage not in STAGES or bound not in ("", "at-least", "at-most") or (colon and not bound):
            expected = ", ".join(STAGES)
            message = (
                f'"{text}" is not a stage. '
                f'Write one of {expected}, or "at-least:STAGE", "at-most:STAGE" or "off".'
            )
            raise ValueError(message)
        level = STAGES.index(stage)
        self.lower = 0 if bound == "at-most" else level
        self.upper = len(STAGES) - 1 if bound == "at-least" else level

    def apply(self, stage: str) -> str:
        """Give the stage that a rule at ``stage`` has under this override."""
        return STAGES[min(max(STAGES.index(stage), self.lower), self.upper)]


def read_override(text: str) -> StageOverride | None:
    """Read an override; None where there is none, and where nothing is to be watched.

    Args:
        text: what :data:`ENVIRONMENT_KEY` says, or an option that stands for it.

    Raises:
        ValueError: if that is no override; the message says what to write.

    """
    return None if text.strip() in ("", OFF) else StageOverride(text)
