"""The verdicts of earlier days, in a file beside the store: a digest says which have changed.

Stores have the evidence and no verdicts; an old verdict can't be computed from sums that went on.
So each digest notes the verdicts of its day, once, whoever asks for it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from enforcer.errors import EnforcerError
from enforcer.rules.atomic import replace, write_new
from enforcer.rules.regular_files import read_regular
from enforcer.verdict.model import ANSWERS, Verdict

FILE: Final = "verdicts.json"
KEPT_DAYS: Final = 100
"""For how many of the newest days verdicts are kept."""

_VERSION: Final = 1
_MOST_BYTES: Final = 50_000_000

Answers = dict[str, str]


@dataclass(frozen=True, slots=True)
class ChangedVerdict:
    """A verdict that is not what it was.

    Attributes:
        verdict: the verdict of today.
        before: the answer of the earlier day; empty if the rule is new.

    """

    verdict: Verdict
    before: str


class VerdictHistory:
    """The answers of earlier days.

    Attributes:
        path: the file.
        days: the answer on each legacy path, by ISO date, the oldest first.

    """

    def __init__(self, path: str) -> None:
        """Read the file, if there is one.

        Raises:
            EnforcerError: if it is not what this class writes; nothing is overwritten.

        """
        self.path = path
        self.days: dict[str, Answers] = {}
        try:
            document: Any = json.loads(read_regular(path, _MOST_BYTES))
            if document["version"] != _VERSION:
                raise ValueError(document["version"])  # noqa: TRY301 - one error for all that is wrong
            self.days = {
                str(day): {str(legacy): str(answer) for legacy, answer in answers.items()}
                for day, answers in sorted(document["days"].items())
            }
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            message = (
                f'"{path}" has no verdicts of earlier days that can be read ({error!r}). Move it '
                "away, and a new one is begun (verdict-history)"
            )
            raise EnforcerError(message) from error

    def day_before(self, day: str, today: str) -> str:
        """Return the newest day not after a day, else the oldest before today; or empty."""
        earlier = [one for one in self.days if one <= day]
        return earlier[-1] if earlier else next((one for one in self.days if one < today), "")

    def changes(self, verdicts: Iterable[Verdict], day: str) -> list[ChangedVerdict]:
        """Return the verdicts that differ from those of an earlier day, the gravest first."""
        before = self.days.get(day, {})
        found = [
            ChangedVerdict(one, before.get(one.legacy, ""))
            for one in verdicts
            if before and before.get(one.legacy, "") != one.answer
        ]
        order = list(ANSWERS)
        return sorted(found, key=lambda one: order.index(one.verdict.answer))

    def note(self, verdicts: Iterable[Verdict], day: str) -> None:
        """Write the verdicts of a day, and forget those that are too old.

        Raises:
            OSError: if the file can't be written.

        """
        self.days[day] = {one.legacy: one.answer for one in verdicts}
        kept = dict(sorted(self.days.items())[-KEPT_DAYS:])
        document = {"version": _VERSION, "days": kept}
        data = (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        replace(self.path, lambda draft: write_new(draft, data))
