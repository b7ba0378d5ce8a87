"""Counter of concurrent long responses, and a streaming response that always frees its slot."""

from collections.abc import AsyncIterable, Iterable, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Turns:
    """Counter of concurrent long responses; used from the server's event loop only."""

    def __init__(self, most: int) -> None:
        """Create a counter.

        Args:
            most: how many responses there may be at once.

        """
        self._most = most
        self._taken = 0

    def take(self) -> bool:
        """Begin a response; return False if the limit is reached."""
        if self._taken >= self._most:
            return False
        self._taken += 1
        return True

    def end(self) -> None:
        """End a response that was begun."""
        self._taken -= 1


class LongAnswer(StreamingResponse):
    """Streaming response that frees its slot however the stream ends.

    A ``finally`` in the stream itself would not do: a generator that was never started never runs
    it.
    """

    def __init__(
        self,
        turns: Turns,
        content: Iterable[str] | AsyncIterable[str],
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Wrap a stream.

        Args:
            turns: the counter, where a slot was taken.
            content: the pieces of the body.
            media_type: the media type.
            headers: the response's headers.

        """
        super().__init__(content, media_type=media_type, headers=headers)
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._turns.end()
