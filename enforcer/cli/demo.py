"""Command ``enforcer demo``: a chat backend with real clients, without and with the enforcer."""

import signal
import sys
from importlib.util import find_spec
from types import FrameType
from typing import TYPE_CHECKING

import click

from enforcer.distribution import install_command
from enforcer.errors import EnforcerError

if TYPE_CHECKING:
    from enforcer.demo.backend import Workspace

HAS_FAULTS = 1
"""Exit code if the backend has faults although the enforcer is enabled."""

_MOST_USERS = 400
"""Each takes a socket here and one in the backend, and 1,024 open files are a usual limit."""


@click.command()
@click.option(
    "--users",
    type=click.IntRange(1, _MOST_USERS),
    default=100,
    show_default=True,
    metavar="N",
    help="How many clients connect.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="N",
    help="How often each asks an agent; each time 5 events are due.",
)
@click.option("--keep", is_flag=True, help="Leave the healed backend running until Ctrl-C.")
@click.option("--json", "is_json", is_flag=True, help="Write the figures and the report as JSON.")
@click.pass_context
def demo(context: click.Context, *, users: int, rounds: int, keep: bool, is_json: bool) -> None:
    """Run a chat backend without and with the enforcer, and compare.

    The backend has six import paths to what should be one WebSocket manager. Real clients
    connect to it on loopback, and every event that they get is counted. Its source is the
    same in both runs. The exit code is 0 if the enforcer healed it, and 1 if not.

    \b
    Examples:
      enforcer demo
      enforcer demo --users 20 --rounds 5 --keep
      enforcer demo --json | jq .with
    """  # noqa: D301 - \b tells click to keep the lines
    require_websockets()
    from enforcer.demo.backend import Workspace  # noqa: PLC0415 - for the demo alone
    from enforcer.demo.comparison import compare  # noqa: PLC0415 - it needs websockets
    from enforcer.demo.output import as_json, document, progress  # noqa: PLC0415 - the same
    from enforcer.output.console import as_text  # noqa: PLC0415 - rich is slow to import

    _end_as_by_ctrl_c()
    with Workspace.made() as workspace:
        with progress(users * rounds) as advance:
            found = compare(workspace, users=users, rounds=rounds, on_answer=advance)
        text = as_json(found) if is_json else as_text(document(found), sys.stdout)
        click.echo(text, nl=False, color=True)
        if keep:
            _keep(workspace)
    context.exit(0 if found.healed.is_sound else HAS_FAULTS)


def require_websockets() -> None:
    """Raise an error if the package that the demo's backend needs is missing.

    Raises:
        EnforcerError: if so.

    """
    if find_spec("websockets") is None:
        message = (
            'the demo needs the package "websockets", which is not installed here. '
            f"Write: {install_command('demo')} (demo-extra)"
        )
        raise EnforcerError(message)


def _keep(workspace: "Workspace") -> None:
    """Serve until Ctrl-C."""
    try:
        with workspace.served(is_enforced=True) as address:
            lines = (
                "",
                f"The healed backend is at {address}; Ctrl-C ends it. In other terminals:",
                f'  python -m websockets "{address}/ws?user_id=you"',
                f"  enforcer report --store {workspace.store}",
            )
            click.echo("\n".join(lines), err=True)
            signal.pause()
    except KeyboardInterrupt:
        click.echo(err=True)


def _end_as_by_ctrl_c() -> None:
    """Make SIGTERM end the demo as Ctrl-C does, so that asyncio ends the backend too."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    # A shell starts background jobs with SIGINT ignored, and Python then leaves it so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, interrupt)
