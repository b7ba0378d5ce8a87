"""The stages of a rule, and an override of them.

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
"""Its value for safe mode (``recording.safe_mode``); no rule has this stage."""


class StageOverride:
    """Replaces, raises or lowers the stage of every rule.

    Written ``STAGE`` (every rule gets that stage), ``at-least:STAGE`` (milder rules are
    raised to it) or ``at-most:STAGE`` (harder rules are lowered to it).
    """

    __slots__ = ("lower", "upper")

    def __init__(self, text: str) -> None:
        """Parse an override.

        Args:
            text: the override, such as ``at-least:strict``.

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
        """Return the stage that a rule at ``stage`` has under this override."""
        return STAGES[min(max(STAGES.index(stage), self.lower), self.upper)]


def read_override(text: str) -> StageOverride | None:
    """Parse an override; return None if there is none, and for safe mode.

    Args:
        text: the value of :data:`ENVIRONMENT_KEY`, or of an option in its place.

    Raises:
        ValueError: if it is no override; the message says what to write.

    """
    return None if text.strip() in ("", OFF) else StageOverride(text)
