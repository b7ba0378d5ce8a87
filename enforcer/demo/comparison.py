"""Comparison of the demo's backend without the enforcer and with it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Final

from websockets.exceptions import WebSocketException

from enforcer.demo.backend import Workspace
from enforcer.demo.clients import Conversation, converse
from enforcer.demo.figures import Figures, count
from enforcer.report import Report, build

_STARTING: Final = 60.0
_FOR_EACH_RUN: Final = 0.1
"""Time limit of a run in seconds, about a hundred times what it needs."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Results of both runs.

    Attributes:
        users: how many users there were.
        rounds: how often each of them asked an agent.
        alone: the figures without the enforcer.
        healed: the figures with it.
        report: the uses of legacy paths in the run with it.

    """

    users: int
    rounds: int
    alone: Figures
    healed: Figures
    report: Report


def compare(
    workspace: Workspace,
    *,
    users: int,
    rounds: int,
    on_answer: Callable[[bool], object] = bool,
) -> Comparison:
    """Run the backend twice, each time with as many users.

    Args:
        workspace: the backend.
        users: how many clients connect.
        rounds: how often each asks an agent.
        on_answer: called after each of an agent's runs, with whether the enforcer is enabled.

    Raises:
        EnforcerError: if the backend fails.

    """

    def figures(*, is_enforced: bool) -> Figures:
        with workspace.served(is_enforced=is_enforced) as address:
            talk = converse(
                address, users=users, rounds=rounds, on_answer=lambda: on_answer(is_enforced)
            )
            try:
                return count(asyncio.run(_within(_STARTING + _FOR_EACH_RUN * users * rounds, talk)))
            except (OSError, WebSocketException, ExceptionGroup) as error:
                raise workspace.failure(_reason(error)) from None

    alone = figures(is_enforced=False)
    healed = figures(is_enforced=True)
    return Comparison(users, rounds, alone, healed, build(str(workspace.store)))


async def _within(seconds: float, talk: Coroutine[object, object, Conversation]) -> Conversation:
    async with asyncio.timeout(seconds):
        return await talk


def _reason(error: BaseException) -> str:
    """Return what happened, by the first error of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return "it took too long to answer" if isinstance(error, TimeoutError) else str(error)
