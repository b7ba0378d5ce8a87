"""Bring the CPythons that the tests run on, and show which there are: ``make interpreters``."""

import signal
import sys
import time

from tests.interpreters.chroot import MountingRefusedError
from tests.interpreters.debian import BringingError, Debian, NotHereError, find_debian
from tests.interpreters.finding import Interpreter, others, own

say = sys.stdout.write


def end_by_sigterm() -> None:
    """Let SIGTERM end what is running, as Ctrl-C does: subprocess.run() kills it on the way out."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def bring() -> tuple[list[Interpreter], bool]:
    """Bring Debian's CPythons if that can be done; return all others, and whether it went well."""
    end_by_sigterm()
    debian: Debian | None = None
    went_well = True
    try:
        debian = find_debian()
        say(f"CPythons of Debian, kept in {debian.folder}\n")
        sys.stdout.flush()
        debian.bring()
    except NotHereError as reason:
        say(f"no CPythons of Debian, as {reason}: those of uv, pyenv and PATH are used\n")
    except MountingRefusedError as error:
        say(f"error: {error}\n")
        debian, went_well = None, False
    except BringingError as error:
        say(f"error: {error}\n")
        went_well = False
    for version, reason in debian.missing.items() if debian is not None else ():
        say(f"CPython {version} is missing: {reason}\n")
    return others(debian), went_well


def main() -> int:
    """Bring, and show."""
    began = time.monotonic()
    found, went_well = bring()
    for one in (own(), *found):
        say(f"  {one.name:10} {one.path}{f' in {one.root}' if one.root else ''}\n")
    say(f"after {time.monotonic() - began:.0f} s\n")
    return 0 if went_well else 1


if __name__ == "__main__":
    sys.exit(main())
