"""The public functions: enable, disable, safe mode, collect, flush, release; across forks, too.

Three ways lead here: :func:`enable` in code, the environment variable ``ENFORCER_MAP`` read by
``enforcer_startup.pth`` when the interpreter starts, and ``enforcer run``, which sets that
variable for a command. Child processes inherit the variable.

Enabling loads only small modules of the standard library. The reporter opens the store, on its own
thread.
"""

import os
import sys

from enforcer.recording.safe_mode import CALL, SafeMode, leave_note, safe_mode_at_start
from enforcer.rules.environment import forget_left, has_foreign_rights, leave, wanted_digest
from enforcer.runtime.own_modules import Plainly, load_now
from enforcer.runtime.process.enforcement import Enforcement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from enforcer.recording.notice import Notice
    from enforcer.recording.use import CallSite, Use
    from enforcer.rules.mistakes import MapError
    from enforcer.rules.model import MigrationMap
    from enforcer.runtime.process.embedding import UwsgiHooks
    from enforcer.runtime.process.exits import Guard

MAP_KEY = "ENFORCER_MAP"
POD_KEY = "KUBERNETES_SERVICE_HOST"
"""The variable that Kubernetes sets in each container."""

_MOST_LINES = 10
"""How many mistakes in a map a process writes to standard error, one per line."""

_active: "Enforcement | None" = None
_guard: "Guard | None" = None
_asked_environment = False
_fork_hooks = False
_server_hooks: "UwsgiHooks | None" = None


def enable(
    migration_map: "MigrationMap | str",
    *,
    store: bool = True,
    baseline: "Container[CallSite] | None" = None,
) -> None:
    """Alias and watch from now on, in this process and in children that it forks.

    Enabling twice with the same map has no further effect.

    Args:
        migration_map: a map, or the path of its file.
        store: whether uses are written to the map's store; if not, :func:`collect` returns them.
        baseline: the call sites that strict rules tolerate; by default those of the map's
            baseline. Exemptions of the map hold in any case.

    Raises:
        BaselineError: if the map's baseline can't be read, and it says ``fail_open = false``.
        MapError: if the map has mistakes and says ``fail_open = false``. Otherwise they are
            written to standard error, and the program goes on without the rules that they
            concern, or without the enforcer if the file can't be read and has no cache.
        LateEnablingError: if a strict path has been imported already.
        EnforcerError: if another map is in force.

    """
    with Plainly():
        _enable(migration_map, store=store, baseline=baseline)


def _enable(
    migration_map: "MigrationMap | str", *, store: bool, baseline: "Container[CallSite] | None"
) -> None:
    global _active  # noqa: PLW0603 - one enforcement per interpreter
    wanted = wanted_digest(migration_map) if isinstance(migration_map, str) else ""
    loaded = _load(migration_map, wanted)
    if loaded is None:
        return
    if _active is not None:
        if (_active.map.path, _active.map.digest) != (loaded.path, loaded.digest):
            from enforcer.errors import EnforcerError

            message = (
                f'the enforcer is enabled with "{_active.map.path}" already. '
                "Call enforcer.disable() first (already-enabled)"
            )
            raise EnforcerError(message)
        return
    if not loaded.is_settled:
        from enforcer.recording.process import place

        loaded.settle(place(loaded))
    mode = safe_mode_at_start(loaded.path)
    if mode is not None:
        _enable_safely(loaded, mode, store=store)
        return
    if baseline is None and not loaded.fail_open and loaded.baseline:
        baseline = _read_baseline(loaded.baseline)
    enforcement = Enforcement(loaded, baseline)
    is_late = _was_imported_before(loaded)
    if isinstance(migration_map, str):
        _note_map(enforcement, wanted)
        if store and not wanted and os.environ.get(POD_KEY):
            _warn_of_loss(loaded.store)
        leave(loaded.digest, loaded.path)
    from enforcer.recording import unseen_forks

    unseen_forks.begin_anew_by(_after_unseen_fork)
    enforcement.is_starting = True
    try:
        if store:
            _start_reporting(enforcement)
        load_now()
        enforcement.finder.install()
        _active = enforcement
        # Hooks before a fork run in reverse order of registration. Logging's acquires a lock that
        # our thread may need to end, and ours waits for that end. So ours is registered after the
        # reporting modules, which may import logging, and runs before logging's.
        _hook_into_fork()
        if unseen_forks.is_embedded():
            _hook_into_server()
        if is_late:
            enforcement.begin(is_late=True)
    finally:
        enforcement.is_starting = False


def _enable_safely(loaded: "MigrationMap", mode: "SafeMode", *, store: bool) -> None:
    """Alias and do nothing else: modules imported before are not changed, no thread is started."""
    global _active  # noqa: PLW0603 - one enforcement per interpreter
    enforcement = Enforcement(loaded)
    enforcement.calm(mode)
    if loaded.path:
        leave(loaded.digest, loaded.path)
    if store:
        enforcement.load_reporting = lambda: leave_note(loaded, mode)
    load_now()
    enforcement.finder.install()
    _active = enforcement


def _read_baseline(file: str) -> "Container[CallSite]":
    """Read a baseline at the start, so that a broken one is reported at once."""
    from pathlib import Path

    from enforcer.baseline.reader import BaselineError, read_baseline

    try:
        return read_baseline(Path(file))
    except BaselineError as error:
        error.fail_open = False
        raise


def _was_imported_before(migration_map: "MigrationMap") -> bool:
    """Return whether modules that the map names are loaded already."""
    outline = migration_map.outline
    plain = sys.modules.get("enforcer.runtime.imports.plain_modules")
    left = plain.LEFT if plain is not None else ()  # by a watch that ended
    names = [name for name in sys.modules.copy() if isinstance(name, str)]
    loaded = [name for name in names if outline.speaks_of(name)]
    rules = ((name, migration_map.match(name)) for name in sorted(set(loaded).difference(left)))
    late = [name for name, rule in rules if rule is not None and rule.refuses]
    if late:
        from enforcer.errors import LateEnablingError

        paths = ", ".join(f'"{name}"' for name in late)
        message = (
            f"{paths} had been imported before the enforcer was enabled, and its stage "
            "refuses imports. Enable the enforcer earlier (late-enabling)"
        )
        raise LateEnablingError(message)
    return bool(loaded)


def disable() -> None:
    """Stop watching; what was recorded is written.

    An aliased path that was imported stays aliased, by plain entries in ``sys.modules``. Paths that
    were not imported so far are what they are without the enforcer.
    """
    global _active
    if _active is None:
        return
    ended, _active = _active, None
    ended.end()
    if _server_hooks is not None:
        _server_hooks.remove()
    forget_left()
    if ended.reporters:
        ended.reporters[0].stop()
    _stand_down()


def safe() -> None:
    """Go into safe mode: only alias from now on, until this process ends.

    What was counted is written; nothing is counted, warned of or refused any more. No object of the
    program changes: imported modules stay as they are, and later imports through a legacy path
    return the same objects as before.
    """
    if _active is None:
        return
    _active.calm(SafeMode(CALL, "enforcer.safe() was called"))
    for reporter in _active.reporters[:1]:
        reporter.stop()
    _stand_down()


def _stand_down() -> None:
    """Remove the hooks before the ends of the process: there is nothing more to write."""
    global _guard  # noqa: PLW0603 - one enforcement per interpreter
    if _guard is not None:
        _guard.go()
        _guard = None


def active() -> Enforcement | None:
    """Return the enforcement of this process, or None."""
    return _active


def collect() -> "tuple[list[Use], int]":
    """Return the uses since the last call, and how many were lost.

    If a store keeps the uses, the reporter collects too, and each use goes to one of the two.
    """
    return _active.collect() if _active is not None else ([], 0)


def flush() -> None:
    """Write what was recorded so far to the store, and emit it, now."""
    if _active is None or _active.safe_mode is not None:
        return
    if _active.reporters:
        from enforcer.runtime.wiring import emitter_of

        emitter_of(_active)
    for reporter in _active.reporters:
        if reporter.is_wanted:
            reporter.flush()


def keep() -> None:
    """Write uses to the map's store from now on.

    For a child that was forked by a process which only collected them.
    """
    if _active is not None and not _active.reporters and _active.safe_mode is None:
        _start_reporting(_active, emits=False)


def release(canonical: str, key: object) -> bool:
    """Release an instance that ``[[instances]]`` keeps; return whether there was one.

    The next call with this key creates another one, even if this one is still in use.

    Args:
        canonical: the class or factory as the map has it: ``package.module:Name``.
        key: the instance's key.

    """
    watch = _active.watch if _active is not None else None
    if watch is None or watch.delegation is None:
        return False
    return watch.delegation.release(canonical, key)


def notices() -> "list[Notice]":
    """Return the notices of this process for the map's owner."""
    return _active.notices() if _active is not None else []


def enable_from_environment() -> None:
    """Enable by ``ENFORCER_MAP`` while the interpreter starts; never stop the program.

    The exception is a map with ``fail_open = false``. ``-E`` and ``-I`` make Python ignore its own
    variables, not those of others: the map was set by a user whose rights the program has, and its
    legacy paths may no longer exist without it.
    """
    global _asked_environment  # noqa: PLW0603 - two site folders call this twice
    path = os.environ.get(MAP_KEY, "").strip()
    if not path or _active is not None or _asked_environment or _is_own_command():
        return
    _asked_environment = True
    if has_foreign_rights():
        _write_line(
            f"not enabled: this program has the rights of user {os.geteuid()}, and user "
            f"{os.getuid()} started it: {MAP_KEY} is not read. Call enforcer.enable() in the "
            "program (set-user-id)"
        )
        return
    try:
        _keep_paths()
        enable(path)
    except Exception as error:  # noqa: BLE001 - the watched program comes first
        fails_open = getattr(error, "fail_open", True) or safe_mode_at_start(path) is not None
        _complain(error, path, fails_open=fails_open)
        if not fails_open:
            # The interpreter is still starting: an exception would be printed with a
            # traceback, by site.py or as a fatal error.
            os._exit(2)


def _keep_paths() -> None:
    """Make the paths in the environment absolute, for children with another working directory."""
    from enforcer.rules.loader import STORE_KEY
    from enforcer.rules.store_address import file_of, scheme_of

    for key, whole in ((MAP_KEY, os.path.abspath), (STORE_KEY, file_of)):
        path = os.environ.get(key, "").strip()
        if path and not scheme_of(path):
            os.environ[key] = whole(path)


def _complain(error: Exception, path: str, *, fails_open: bool = True) -> None:
    """Write one line to standard error: why the enforcer is not enabled."""
    happened = "not enabled" if fails_open else "stopped, as the map says fail_open = false"
    mistakes = getattr(error, "mistakes", ())
    if len(mistakes) > 1:
        happened += f'; {len(mistakes)} mistakes, see "enforcer check --map {path}"; the first'
    text = str(mistakes[0] if mistakes else error)
    from enforcer.errors import EnforcerError

    if not isinstance(error, EnforcerError):
        text = f"{error!r} (not-foreseen)"
    _write_line(f"{happened}: {text}")
    _leave_trace(path, f"{happened}: {text}")


def _leave_trace(path: str, text: str) -> None:
    """Record this process for reports, beside the store that it would have written to."""
    try:
        from enforcer.rules.loader import usual_store
        from enforcer.store.not_enabled import leave_trace

        leave_trace(usual_store(path), text)
    except Exception:  # noqa: BLE001 - as where the working directory is gone
        return


def _write_line(text: str) -> None:
    """Write a line to standard error, with unprintable characters escaped; ignore all errors."""
    line = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    try:
        sys.stderr.write(f"enforcer: {line}\n")
        sys.stderr.flush()
    except Exception:  # noqa: BLE001 - standard error is closed or was replaced
        return


def _is_own_command() -> bool:
    """Return whether this process is the enforcer's own command, which uses no legacy path."""
    command = sys.orig_argv[1:3]
    return command == ["-m", "enforcer"] or os.path.basename("".join(command[:1])) == "enforcer"


def _note_map(enforcement: Enforcement, wanted: str) -> None:
    """Add notices about the map: what is ignored of it, or that it has no rules."""
    loaded = enforcement.map
    if loaded.ignored:
        from enforcer.recording.notice import Notice

        for ignored in loaded.ignored:
            enforcement.note(Notice(*ignored))
    if loaded.ignored and loaded.digest != wanted:  # else the parent wrote it
        _write_ignored(loaded)
    if not loaded.outline.heads:
        from enforcer.recording.notice import Notice

        text = f'"{loaded.path}" has no rules: nothing is watched (no-rules)'
        enforcement.note(Notice("empty", loaded.path, text))
        if loaded.digest != wanted:  # else the parent wrote it
            _write_line(f"{text}. Was it being written?")
    elif wanted and loaded.digest != wanted:
        from enforcer.recording.notice import Notice

        text = (
            f'"{loaded.path}" changed, and this process has another map than the one that '
            "started it, which no cache has any more (map-changed)"
        )
        enforcement.note(Notice("map", loaded.path, text))


def _write_ignored(loaded: "MigrationMap") -> None:
    """Write what is ignored of the map or the environment, one per line, up to a limit."""
    for _, _, text in loaded.ignored[:_MOST_LINES]:
        _write_line(text)
    more = len(loaded.ignored) - _MOST_LINES
    if more > 0:
        noun = "mistake" if more == 1 else "mistakes"
        _write_line(f'{more} more {noun}, see "enforcer check --map {loaded.path}"')


def _warn_of_loss(store: str) -> None:
    """Warn that a pod's store is deleted with the pod."""
    from enforcer.store.persistence import why_not_kept

    why = why_not_kept(store)
    if why:
        _write_line(
            f'the store "{store}" {why}: only what telemetry sends outlives this pod. Mount a '
            "volume, and name a file there in ENFORCER_STORE (store-not-kept)"
        )


def _load(migration_map: "MigrationMap | str", wanted: str) -> "MigrationMap | None":
    if not isinstance(migration_map, str):
        return migration_map
    from enforcer.rules.loader import load_map

    try:
        return load_map(migration_map, cached=True, wanted=wanted, lenient=True)
    except Exception as error:
        from enforcer.rules.mistakes import MapError

        if not isinstance(error, MapError):
            raise
        if not error.fail_open:
            return _load_in_safe_mode(migration_map, wanted, error)
        _complain(error, migration_map)
        return None


def _load_in_safe_mode(path: str, wanted: str, error: "MapError") -> "MigrationMap | None":
    """Load a map with ``fail_open = false`` and mistakes, if this process is in safe mode.

    Raises:
        EnforcerError: the given error, if this process is not in safe mode.

    """
    if safe_mode_at_start(path) is None:
        raise error
    from enforcer.rules.loader import load_map
    from enforcer.rules.mistakes import MapError

    try:
        return load_map(path, cached=True, wanted=wanted, lenient=True, regardless=True)
    except MapError:  # no part of it is usable, and no cache has an earlier version
        _complain(error, path)
        return None


def _start_reporting(enforcement: Enforcement, *, emits: bool = True) -> None:
    global _guard  # noqa: PLW0603 - one enforcement per interpreter
    from enforcer.runtime.wiring import start_reporting

    _guard = start_reporting(enforcement, emits=emits)
    for reporter in enforcement.reporters[:1]:
        reporter.on_wound_up = _stand_down


def _hook_into_fork() -> None:
    # os.register_at_fork has no counterpart that unregisters, so it is called once, and the hooks
    # read the module's state.
    global _fork_hooks  # noqa: PLW0603
    if _fork_hooks or not hasattr(os, "register_at_fork"):
        return
    # Imported here: a forked child must not run an import that the program may have replaced.
    from enforcer.recording.unseen_forks import was_seen

    def after_in_child() -> None:
        was_seen()
        _after_fork_in_child()

    _fork_hooks = True
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=after_in_child,
    )


def _hook_into_server() -> None:
    """Install hooks in a server that embeds Python, to be called after its forks."""
    global _server_hooks  # noqa: PLW0603 - one enforcement per interpreter
    from enforcer.runtime.process.embedding import UwsgiHooks

    _server_hooks = UwsgiHooks(_after_fork_by_server, _after_request)
    _server_hooks.install()


def _before_fork() -> None:
    if _guard is not None:
        _guard.before_fork()
    for reporter in _active.reporters if _active is not None else ():
        reporter.before_fork()


def _after_fork_in_parent() -> None:
    for reporter in _active.reporters if _active is not None else ():
        reporter.after_fork_in_parent()
    if _guard is not None:
        _guard.after_fork(is_child=False)


def _after_unseen_fork() -> None:
    """Reset the state in a child that C code forked: of a server such as uWSGI, or a library."""
    if _active is not None:
        _active.forget_after_unseen_fork()
        _report_anew(_active)


def _after_fork_by_server() -> None:
    """Reset the state in a worker at once after its fork: all uses so far are its parent's."""
    from enforcer.recording import unseen_forks

    if _active is None:
        return
    if unseen_forks.was_seen():
        for reporter in _active.reporters:
            reporter.inherit()
        _active.forget()
        _report_anew(_active)
    for reporter in _active.reporters:
        reporter.start()


def _after_request() -> None:
    for reporter in _active.reporters if _active is not None else ():
        reporter.deliver_if_due()


def _after_fork_in_child() -> None:
    if _active is not None:
        _active.forget()
        _report_anew(_active)
    if _guard is not None:
        _guard.after_fork(is_child=True)


def _report_anew(enforcement: Enforcement) -> None:
    if enforcement.safe_mode is not None:
        enforcement.reporters = ()  # the parent's, which may be in its last write
        _stand_down()
    if enforcement.reporters:
        from enforcer.recording.process import current

        process = current(enforcement.map, parent=enforcement.reporters[0].process.id)
        for reporter in enforcement.reporters:
            reporter.after_fork(process)
