"""Run the backend until it is told to end: ``python -m netra_backend [PORT]``."""

import asyncio
import signal
import sys

from netra_backend.app.backend import Backend


async def main(port: int) -> None:
    """Serve on loopback, say where, and end at SIGINT or SIGTERM."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with Backend().serve(port=port) as address:
        print(address, flush=True)  # noqa: T201 - whoever started it waits for this line
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 0))
