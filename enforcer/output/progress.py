"""Progress bar on standard error; rich is loaded only if it is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], object]]:
    """Show a progress bar on standard error, if it is a terminal and this takes a moment.

    Args:
        what: what is done.

    Yields:
        What to call with how much is done, of how much.

    """
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to load
    from rich.progress import Progress  # noqa: PLC0415 - slow to load

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None, visible=False)

        def tell(done: int, of: int) -> None:
            # The first call has nothing to show, and most scans end before the second.
            progress.update(task, completed=done, total=of, visible=done > 0)

        yield tell
