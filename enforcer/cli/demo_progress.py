"""Progress bars of the demo, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from enforcer.cli.demo_writing import WITH, WITHOUT


@contextmanager
def progress(runs: int) -> Iterator[Callable[[bool], object]]:
    """Show a bar for each of both backends until the end of the block.

    Args:
        runs: how often agents run in each.

    Yields:
        What to call after each run, with whether the enforcer is enabled.

    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        tasks = [bars.add_task(name, total=runs) for name in (WITHOUT, WITH)]
        yield lambda is_enforced: bars.advance(tasks[is_enforced])
