"""Say which process recorded something."""

import os
import sys
from time import time_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.rules.model import MigrationMap

RUN_KEY = "ENFORCER_RUN"
"""The environment variable by which ``enforcer run`` knows its own processes again."""

MAX_COMMAND = 500


class Process:
    """Identify a process and what it was watching.

    Attributes:
        id: 32 random hexadecimal digits; a forked child has its own.
        parent: the ``id`` of the process it was forked from, or empty. A process that was
            started by another one, not forked, has none.
        run: which ``enforcer run`` started it or its ancestors, or empty.
        pid: the number that the operating system gave it.
        service: the service that the map names, or empty.
        host: the name of the machine.
        python: the version of the interpreter.
        command: its command line, cut at :data:`MAX_COMMAND` characters.
        started: when it was enabled (or forked), in nanoseconds since the epoch.
        map_path: absolute path of the migration map, or empty.
        map_digest: digest of the migration map, or empty.
        root: the folder that relative files of its call sites start from.

    """

    __slots__ = (
        "command",
        "host",
        "id",
        "map_digest",
        "map_path",
        "parent",
        "pid",
        "python",
        "root",
        "run",
        "service",
        "started",
    )

    def __init__(  # noqa: PLR0913 - a record: one parameter for each field
        self,
        *,
        id: str,  # noqa: A002 - the field's name, everywhere
        parent: str = "",
        run: str = "",
        pid: int = 0,
        service: str = "",
        host: str = "",
        python: str = "",
        command: str = "",
        started: int = 0,
        map_path: str = "",
        map_digest: str = "",
        root: str = "",
    ) -> None:
        """Take the fields as they are."""
        self.id = id
        self.parent = parent
        self.run = run
        self.pid = pid
        self.service = service
        self.host = host
        self.python = python
        self.command = command
        self.started = started
        self.map_path = map_path
        self.map_digest = map_digest
        self.root = root

    def __repr__(self) -> str:
        """Show the number and the command."""
        return f"<Process {self.pid} {self.command!r}>"


def current(migration_map: "MigrationMap", parent: str = "") -> Process:
    """Describe the process that runs this.

    Args:
        migration_map: the map that it watches.
        parent: in a forked child, the ``id`` of the process that forked it.

    """
    return Process(
        id=os.urandom(16).hex(),
        parent=parent,
        run=os.environ.get(RUN_KEY, ""),
        pid=os.getpid(),
        service=migration_map.service,
        host=os.uname().nodename,
        python=sys.version.partition(" ")[0],
        command=" ".join(sys.orig_argv)[:MAX_COMMAND],
        started=time_ns(),
        map_path=migration_map.path,
        map_digest=migration_map.digest,
        root=migration_map.root,
    )
