"""Bound how many long answers are given at once, from the question to the last byte."""

from collections.abc import AsyncIterable, Iterable, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Turns:
    """Count long answers; used by the server's event loop only."""

    def __init__(self, most: int) -> None:
        """Begin with none.

        Args:
            most: how many there may be at once.

        """
        self._most = most
        self._taken = 0

    def take(self) -> bool:
        """Begin an answer; return False where there are as many as may be."""
        if self._taken >= self._most:
            return False
        self._taken += 1
        return True

    def end(self) -> None:
        """End an answer that was begun."""
        self._taken -= 1


class LongAnswer(StreamingResponse):
    """Stream an answer that took its turn, and end the turn however the stream ends.

    Not by a ``finally`` in the stream itself: one that nobody began to read would never end.
    """

    def __init__(
        self,
        turns: Turns,
        content: Iterable[str] | AsyncIterable[str],
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Take a turn's answer.

        Args:
            turns: where the turn was taken.
            content: the pieces of the answer.
            media_type: what they are.
            headers: of the answer.

        """
        super().__init__(content, media_type=media_type, headers=headers)
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._turns.end()
