"""Identity of the recording process, its heartbeat, and after which silence it must be gone."""

import os
import sys
from time import time_ns

from enforcer.record import Record
from enforcer.rules.environment import trusted_environment
from enforcer.rules.regular_files import read_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.rules.model import MigrationMap
    from enforcer.rules.rollout import Place

RUN_KEY = "ENFORCER_RUN"
"""The environment variable by which ``enforcer run`` recognises its own processes.

Variables in it (``$NAME``) are expanded when a process starts: a test run names its test so.
"""

RUN_FILE_KEY = "ENFORCER_RUN_FILE"
"""The variable with the file in which a test run keeps the variables of its running test."""

SERVICE_KEY = "OTEL_SERVICE_NAME"
RESOURCE_KEY = "OTEL_RESOURCE_ATTRIBUTES"
"""The variable that OpenTelemetry's SDKs read: ``service.name=shop,service.version=1.2``."""

HOST_KEY = "ENFORCER_HOST"
"""The variable that names the host, for containers, whose own names do not last."""

MAX_COMMAND = 500

INTERVAL = 5.0
"""How often a process writes what is new, in seconds, unless told otherwise."""

DISABLED = "disabled"
"""The ending of a process that stopped watching and goes on."""

RARELY = 60.0
"""How often a process writes if there is nothing new, in seconds, at most."""

CLOCKS_DIFFER = 86_400_000_000_000
"""How far the clock of a process may be ahead of a reader's, in nanoseconds: a day.

A clock that is further ahead was wrong: the time of the last write is unknown then, and the process
must not count as running until that time comes.
"""

_INTERVALS = 12


class Process(Record):
    """A process and the map that it watches.

    Attributes:
        id: 32 random hexadecimal digits; a forked child has its own.
        parent: the ``id`` of the process that forked it, or empty. A process that was started by
            another one, not forked, has none.
        run: the ``enforcer run`` that started it or its ancestors, or empty.
        pid: the process id of the operating system.
        service: the service that the environment or the map names, or empty.
        service_version: the version of the service, or empty.
        environment: where it is deployed (``production``), or empty.
        host: the name of the host; see :func:`host_name`.
        python: the version of the interpreter.
        command: its command line, cut at :data:`MAX_COMMAND` characters.
        started: when it was enabled (or forked), in nanoseconds since the epoch.
        map_path: absolute path of the migration map, or empty.
        map_digest: digest of the migration map, or empty.
        root: the folder that relative files of its call sites start from.

    """

    id: str
    parent: str = ""
    run: str = ""
    pid: int = 0
    service: str = ""
    service_version: str = ""
    environment: str = ""
    host: str = ""
    python: str = ""
    command: str = ""
    started: int = 0
    map_path: str = ""
    map_digest: str = ""
    root: str = ""

    def __repr__(self) -> str:
        return f"<Process {self.pid} {self.command!r}>"


def current(migration_map: "MigrationMap", parent: str = "") -> Process:
    """Describe the current process.

    Args:
        migration_map: the map that it watches.
        parent: in a forked child, the ``id`` of the process that forked it.

    """
    if parent:
        _read_run_file()
    service, environment, resource = _deployed(migration_map)
    return Process(
        id=os.urandom(16).hex(),
        parent=parent,
        run=os.path.expandvars(os.environ.get(RUN_KEY, "")),
        pid=os.getpid(),
        service=service,
        service_version=resource.get("service.version", ""),
        environment=environment,
        host=host_name(),
        python=sys.version.partition(" ")[0],
        command=" ".join(sys.orig_argv)[:MAX_COMMAND],
        started=time_ns(),
        map_path=migration_map.path,
        map_digest=migration_map.digest,
        root=migration_map.root,
    )


def place(migration_map: "MigrationMap") -> "Place":
    """Return where this process runs, by the same fields that it records."""
    from enforcer.rules.rollout import Place

    service, environment, _ = _deployed(migration_map)
    return Place(host_name(), service, environment)


def _deployed(migration_map: "MigrationMap") -> tuple[str, str, dict[str, str]]:
    """Return the service, the environment and all resource attributes."""
    resource = resource_attributes()
    # The second name is the one before OpenTelemetry's semantic conventions 1.27.
    environment = resource.get(
        "deployment.environment.name", resource.get("deployment.environment", "")
    )
    return resource.get("service.name", migration_map.service), environment, resource


def _read_run_file() -> None:
    """Set the variables of the running test in a child of multiprocessing's fork server.

    The server keeps the environment of the test that started it, and forks children for later
    tests as well.
    """
    file = trusted_environment().get(RUN_FILE_KEY, "")
    if not file or not any("multiprocessing.forkserver" in word for word in sys.orig_argv):
        return
    try:
        variables = read_trusted(file).decode("utf-8", "surrogateescape").split("\0")
    except OSError:  # no test began since the server did
        return
    os.environ.update(variable.partition("=")[::2] for variable in variables)


def host_name() -> str:
    """Return the name of the host: ``ENFORCER_HOST``, else the machine's own."""
    named = os.environ.get(HOST_KEY, "").strip()
    if named:
        return named
    # Windows has no uname(), and the module "socket" would be much to load for a name.
    uname = getattr(os, "uname", None)
    return str(uname().nodename) if uname is not None else os.environ.get("COMPUTERNAME", "")


def resource_attributes() -> dict[str, str]:
    """Read the resource attributes that OpenTelemetry's SDKs would read from the environment.

    Parts that are no ``key=value``, or have no value, are skipped.
    """
    attributes = {}
    for part in os.environ.get(RESOURCE_KEY, "").split(","):
        key, _, value = part.partition("=")
        if key.strip() and value.strip():
            attributes[_decoded(key.strip())] = _decoded(value.strip())
    service = os.environ.get(SERVICE_KEY, "").strip()
    if service:
        attributes["service.name"] = service
    return attributes


def _decoded(text: str) -> str:
    # Percent-decoding as in W3C Baggage; "urllib" would be much to load. Invalid escapes are kept
    # unchanged.
    if "%" not in text:
        return text
    begin, *parts = text.encode("utf-8", "surrogateescape").split(b"%")
    decoded = [begin]
    for part in parts:
        try:
            byte = bytes.fromhex(part[:2].decode())
        except ValueError:
            byte = b""
        decoded.append(byte + part[2:] if len(byte) == 1 else b"%" + part)
    return b"".join(decoded).decode("utf-8", "replace")


def heartbeat(interval: float) -> float:
    """Return after how many seconds without a write a process writes a heartbeat."""
    return max(min(_INTERVALS * interval, RARELY), interval)


def longest_silence(interval: float) -> float:
    """Return after how many seconds without a write a process is missing.

    It allows for one failed heartbeat, because other processes may have the store locked.
    """
    return 2 * (heartbeat(interval) + interval)
