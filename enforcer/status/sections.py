"""What ``enforcer status`` prints: a headline, and sections of facts."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import enforcer
from enforcer.distribution import DISTRIBUTION
from enforcer.output.document import BLANK, STRONG, Document, Line, Weight
from enforcer.output.times import short
from enforcer.output.words import counted, first, listed
from enforcer.recording.notice import BLIND_KINDS
from enforcer.recording.safe_mode import SAFE_KEY
from enforcer.rules.loader import STORE_KEY
from enforcer.rules.model import LAST, Rule
from enforcer.rules.stages import ENVIRONMENT_KEY, OFF, STAGES, STRICT
from enforcer.rules.store_address import is_read_only, scheme_of
from enforcer.source.rollouts import rollout_lines
from enforcer.startup import MAP_KEY
from enforcer.status.interpreter import Installation, Package
from enforcer.status.model import Status
from enforcer.status.tested import TESTED, minor_of, tested_beside

MOST_LINES = 10
"""How many cases of one kind are told one by one."""

MOST_PATHS = 3
"""How many legacy paths of one compiled file are named."""


_OFF_SAYS = f"{ENVIRONMENT_KEY} is {OFF}"


def document(status: Status) -> Document:
    """Yield the headline and every section of a status."""
    colour = "red" if not status.state.enabled else "yellow" if problems(status) else "green"
    yield Line(headline(status), f"bold {colour}")
    for section in sections(status):
        yield BLANK
        yield section


def sections(status: Status) -> list[Line]:
    """Return the sections that have facts, each with its facts below it."""
    facts = {
        "Python": _python(status),
        "Enforcer": _enforcer(status),
        "Migration map": _map(status),
        "At start-up": _start(status),
        "Store": _store(status),
        "Blind spots": _blind(status),
        "Extension modules": _extensions(status),
    }
    found = (Line(title, STRONG, tuple(below)) for title, below in facts.items())
    return [section for section in found if section.below]


def problems(status: Status) -> list[str]:
    """Return the facts that are wrong, and change the exit code."""
    below = (fact for section in sections(status) for fact in section.below)
    return [fact.text for fact in below if fact.weight == "wrong"]


def _fact(weight: Weight, text: str) -> Line:
    return Line(text, weight=weight)


def headline(status: Status) -> str:
    """Return in one line whether the enforcer is enabled here."""
    if not status.state.enabled:
        return f"Not enabled here: {_why_not(status)}."
    if status.state.safe_mode:
        which = "that are gone " if status.state.safe_mode == _OFF_SAYS else ""
        why = f"In safe mode here: {status.state.safe_mode}."
        return f"{why} Legacy paths {which}are aliased, no more."
    wrong = len(problems(status))
    if not wrong:
        return "Enabled here."
    return f"Enabled here, but {counted(wrong, 'thing is', 'things are')} wrong."


def _why_not(status: Status) -> str:
    if status.installation.package is None:
        return "this Python has no enforcer"
    if status.map.chosen_by in ("", "search"):
        return f"{MAP_KEY} is not set"
    if not any(is_read for _, is_read in status.installation.startup_files):
        return "nothing enables it when Python starts"
    if status.state.exit_code:
        return "Python itself does not start"
    if any(mistake.slug == "map-not-found" for mistake in status.map.mistakes):
        return f"the migration map that {status.map.chosen_by} names is not there"
    return "the migration map has mistakes" if status.map.mistakes else "it could not begin"


def _python(status: Status) -> Iterator[Line]:
    python = status.installation
    name = {"cpython": "CPython"}.get(python.implementation, python.implementation)
    threads = " without the global lock" if python.free_threaded else ""
    yield _fact("fine", f"{name} {python.version}{threads}: {python.executable}")
    if python.prefix != python.base_prefix:
        yield _fact("tells", f"a virtual environment of {python.base_prefix}")
    yield from _untested(python)


def _untested(python: Installation) -> Iterator[Line]:
    """Yield a fact if the test suite did not run on this very version."""
    if python.is_tested:
        return
    if python.implementation != "cpython":
        yield _fact("warns", f"{python.implementation} was not tested (untested-python)")
        return
    version = python.full_version
    beside = tested_beside(version)
    if beside:
        was = "was" if len(beside) == 1 else "were"
        text = f"{version} itself was not tested, {' and '.join(beside)} {was}"
        yield _fact("tells", f"{text} (untested-python)")
    else:
        text = f"no {minor_of(version)} was tested with enforcer {enforcer.__version__}"
        yield _fact("warns", f"{text}; these were: {', '.join(TESTED)} (untested-python)")


def _enforcer(status: Status) -> Iterator[Line]:
    python = status.installation
    if python.package is None:
        yield _fact(
            "wrong",
            f"not installed. Install it there, with {python.executable} -m pip install, and "
            "the enforcer's folder or wheel (not-installed)",
        )
        return
    if python.package.error:
        yield _fact("wrong", f"can't be imported: {python.package.error} (not-importable)")
    else:
        yield _fact("fine", f"{python.package.version}, {_origin(status, python.package)}")
    yield from _others(status, python.package)
    yield from _startup_files(status)
    if status.modes:
        yield _fact("tells", _modes(status))


def _modes(status: Status) -> str:
    yes = ", ".join(mode for mode, enabled in status.modes.items() if enabled)
    no = " and ".join(mode for mode, enabled in status.modes.items() if not enabled)
    would = "enabled" if status.state.enabled else "with the map it would be enabled"
    return f"{would} under {yes or 'no option of Python'}" + (f"; not under {no}" if no else "")


def _origin(status: Status, package: Package) -> str:
    """Return how the imported enforcer was installed."""
    python = status.installation
    folder = str(Path(package.file).parents[1])
    for one in (one for one in python.distributions if one.name == DISTRIBUTION):
        if one.editable and folder not in python.site_folders:
            return f"an editable install of {folder}"
        if one.folder == folder and folder == python.user_folder:
            return f"installed for this user in {folder}"
        if one.folder == folder and folder in python.site_folders:
            return f"installed in {folder}"
    if not Path(package.file).exists():
        return f"from the archive {folder}"
    return f"in {folder}, not in site-packages"


def _others(status: Status, package: Package) -> Iterator[Line]:
    """Yield the distributions that are not the one imported."""
    folder = str(Path(package.file).parents[1]) if package.file else ""
    python = status.installation
    own = [one for one in python.distributions if one.name == DISTRIBUTION]
    for number, one in enumerate(own):
        if number and one.folder != folder:
            yield _fact("warns", f"{one.version} is in {one.folder} too, and is not imported")
    for one in python.distributions:
        if one not in own:
            yield _fact(
                "wrong",
                f'"{one.name}" {one.version} in {one.folder} brings a package "enforcer", too: '
                f"{python.executable} -m pip uninstall {one.name}, and install "
                f"{DISTRIBUTION} anew (two-distributions)",
            )


def _startup_files(status: Status) -> Iterator[Line]:
    read: dict[str, str] = {}
    unread: dict[str, str] = {}
    # From 3.15 on the .start file comes first, and stands for a .pth file beside it.
    for path, is_read in status.installation.startup_files:
        (read if is_read else unread).setdefault(str(Path(path).parent), path)
    for number, path in enumerate(read.values()):
        if number:
            yield _fact("tells", f"also by {path}: enabling twice is once")
        else:
            yield _fact("fine", f"started by {path}")
    weight: Weight = "tells" if read else "warns"
    for folder, path in unread.items():
        if folder not in read:
            yield _fact(
                weight, f"{path} is never read: {_why_unread(path)} (startup-file-not-read)"
            )
    if not read and not (status.with_map or status.state).enabled:
        yield _fact(
            "wrong",
            "no startup file is read, so nothing enables the enforcer when Python starts. "
            'Install it with pip into site-packages, or start programs with "enforcer run" '
            "(no-startup-file)",
        )


def _why_unread(path: str) -> str:
    if path.endswith(".py"):
        return "another sitecustomize comes before it"
    return (
        "Python reads such files in site-packages only, and not in what --target or PYTHONPATH adds"
    )


def _map(status: Status) -> Iterator[Line]:
    found = status.map
    if not found.path:
        yield _fact(
            "wrong",
            f'none: {MAP_KEY} is not set, and there is no enforcer.toml in "{Path.cwd()}" or '
            "above it. Write one with enforcer init, and set the variable to its path (no-map)",
        )
        return
    sound: Weight = "tells" if found.mistakes else "fine"
    if found.chosen_by == "search":
        yield _fact(sound, f"{found.path}, found from here")
        yield _fact(
            "wrong",
            f'{MAP_KEY} is not set, so only "enforcer run" takes this map. '
            f"Set {MAP_KEY}={found.path} where your programs are started (map-not-set)",
        )
    elif found.chosen_by == "code":
        yield _fact(sound, f"{found.path}, named by code that runs when Python starts")
    else:
        yield _fact(sound, f"{found.path}, named by {found.chosen_by}")
    if found.chosen_by == MAP_KEY and not os.path.isabs(found.written):  # noqa: PTH117 - a str
        yield _fact(
            "warns",
            f'{MAP_KEY} is "{found.written}": a process that starts in another folder does not '
            "find it. Write the whole path (relative-map)",
        )
    yield from (_fact("wrong", str(mistake)) for mistake in found.mistakes)
    yield from _rules(status)


def _rules(status: Status) -> Iterator[Line]:
    content = status.map.content
    if content is not None:
        parts = ", ".join(_numbers(content.rules)) or "none"
        yield _fact("fine", f"{counted(len(content.rules), 'rule')}: {parts}")
        if content.factories:
            yield _fact("fine", counted(len(content.factories), "factory", "factories"))
        if content.instances:
            yield _fact(
                "fine", counted(len(content.instances), "rule for instances", "rules for instances")
            )
        if not Path(content.root).is_dir():
            yield _fact("wrong", f'root: there is no folder "{content.root}" (root-not-found)')
    if content is not None and content.rollouts and content.place is not None:
        lines = "\n".join(rollout_lines(content.rollouts, content.place))
        yield _fact("tells", f"stages for a part of the fleet:\n{lines}")
    if status.stage == OFF:
        yield _fact("tells", f'{ENVIRONMENT_KEY} is "{OFF}": the stages above have no effect')
    elif content is not None and content.override is not None:
        yield _fact(
            "tells", f'{ENVIRONMENT_KEY} is "{status.stage}": the stages above are after it'
        )
    if content is not None and any(kind == LAST for kind, _, _ in content.ignored):
        text = "what the file said before is in force, from its compiled form (last)"
        yield _fact("tells", text)
    if status.map.compiled is not None:
        kept = "is kept" if status.map.compiled else "can't be kept, which slows every start"
        yield _fact("tells", f"its compiled form {kept}")


def _numbers(rules: Sequence[Rule]) -> Iterator[str]:
    """Yield how many rules are in each stage, and how many of them only record."""
    stages = Counter(rule.stage for rule in rules)
    lenient = sum(rule.stage == STRICT and not rule.refuse for rule in rules)
    for stage in STAGES:
        if stages[stage]:
            dry = f" ({lenient:,} without refusing)" if stage == STRICT and lenient else ""
            yield f"{stages[stage]:,} {stage}{dry}"


def _start(status: Status) -> Iterator[Line]:
    """Yield what a new process wrote to standard error while it started."""
    known = {str(mistake) for mistake in status.map.mistakes}
    for state in (status.state, status.with_map):
        lines = state.said.splitlines() if state is not None else []
        said = [line for line in lines if line not in known]
        if known:
            said = [line for line in said if not line.startswith("enforcer:")]
        weight: Weight = "warns" if state is not None and state.enabled else "wrong"
        if said:
            shown = "\n".join(first(said, MOST_LINES, "line"))
            yield _fact(weight, f"a fresh process says: {shown}")
    if _is_silent(status):
        yield _fact("wrong", "a fresh process is not enabled, and does not say why (silent-start)")
    if status.state.exit_code:
        yield _fact(
            "wrong",
            f"Python ends with exit code {status.state.exit_code}: no program can start here. "
            f"{SAFE_KEY}=1 lets programs start with plain aliases, fail_open = true in the map "
            "without what is wrong (fail-open)",
        )


def _is_silent(status: Status) -> bool:
    """Return whether a process that has all it needs is not enabled and writes nothing."""
    asked = status.with_map or status.state
    is_read = any(is_read for _, is_read in status.installation.startup_files)
    sound = status.map.content is not None and is_read
    return sound and not asked.enabled and not asked.said and not asked.exit_code


def _store(status: Status) -> Iterator[Line]:
    found = status.store
    if not found.path:
        return
    chosen = os.environ.get(STORE_KEY, "")
    named = f", named by {STORE_KEY}" if chosen and not is_read_only(chosen) else ""
    yield _fact("fine", f"{found.path}{named}")
    if is_read_only(chosen):
        yield _fact("tells", f"reports read the {scheme_of(chosen)} that {STORE_KEY} names")
    if found.error:
        yield _fact("wrong", found.error)
    elif not found.exists:
        yield _fact("tells", "not there yet: the first process that writes makes it")
    if found.processes:
        number = counted(found.processes, "process has", "processes have")
        yield _fact("tells", f"{number} written, the last at {short(found.last_written)} UTC")


def _blind(status: Status) -> Iterator[Line]:
    package = status.installation.package
    here = dict.fromkeys(package.blind if package is not None else ())
    state = status.with_map or status.state
    here.update(dict.fromkeys(text for kind, _, text in state.notices if kind in BLIND_KINDS))
    yield from (_fact("wrong", f"{text} (blind)") for text in here)
    late = [
        f'"{name}" is loaded before the enforcer: who imports it until then is not seen '
        "(imported-before)"
        for name in status.late
    ]
    yield from (_fact("wrong", text) for text in first(late, MOST_LINES, "such module"))
    for notice in status.store.blind:
        number = counted(notice.processes, "process", "processes")
        yield _fact("wrong", f"{number} in the last 24 hours: {notice.text} (blind)")
    if not here and not status.late and not status.store.blind and package is not None:
        yield _fact("fine", f"none on this CPython, {_reported(status)}")


def _reported(status: Status) -> str:
    """Return that no process reported a blind spot, or that this is unknown."""
    if status.store.error or not status.store.path:
        return "and what processes reported can't be read"
    return "and none reported in the last 24 hours"


def _extensions(status: Status) -> Iterator[Line]:
    found = status.extensions
    if found.searched and not found.candidates:
        files = counted(found.searched, "compiled file")
        yield _fact("fine", f"{files} searched, none speaks of a legacy path")
    candidates = [
        f"{one.file} speaks of {_paths(one.paths)} and calls {' and '.join(one.calls)}, which "
        "can't take an alias (extension-module)"
        for one in found.candidates
    ]
    shown = first(candidates, MOST_LINES, "such file", note="; --json lists all")
    yield from (_fact("warns", text) for text in shown)
    if found.left_out:
        files = counted(found.left_out, "compiled file")
        yield _fact("tells", f"{files} could not be searched: too large, unreadable or too many")


def _paths(paths: tuple[str, ...]) -> str:
    """Return some paths as text, without those below another one."""
    tops = [path for path in paths if not any(path.startswith(f"{top}.") for top in paths)]
    return listed([f'"{path}"' for path in tops], MOST_PATHS)
