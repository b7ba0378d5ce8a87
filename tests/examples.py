"""Write the files of a documentation page into the working directory, and run its examples.

A file is a block whose first line is a comment with its name. Examples are blocks of ``pycon``,
each of them a program of its own, without modules or a store of the block before.

Run as a script, with the page as its argument. It ends with 1 if an example shows something else
than the page does.
"""

import os
import re
import shutil
import sys
from doctest import ELLIPSIS, DocTestParser, DocTestRunner
from pathlib import Path

FILES = re.compile(r"```(?:toml|python)\n(# (\S+)\n.*?)```", re.DOTALL)
EXAMPLES = re.compile(r"```pycon\n(.*?)```", re.DOTALL)


def write_files(page: str, folder: Path) -> None:
    """Write the files that a page shows."""
    for text, name in FILES.findall(page):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def run(example: str, number: int) -> bool:
    """Run one example in this process; return whether it shows what the page does."""
    test = DocTestParser().get_doctest(
        example, {"__name__": "__main__"}, f"example{number}", None, 0
    )
    return not DocTestRunner(optionflags=ELLIPSIS).run(test, clear_globs=False).failed


def main(page: str) -> int:
    """Run the examples of a page, each in a fork of this process."""
    text = Path(page).read_text("utf-8")
    write_files(text, Path())
    sys.path[0] = str(Path.cwd())
    has_failed = False
    for number, example in enumerate(EXAMPLES.findall(text), 1):
        # A fork costs milliseconds, an interpreter half a second; nothing is enabled before.
        child = os.fork()
        if not child:
            is_right = run(example, number)
            sys.stdout.flush()
            os._exit(not is_right)
        has_failed |= bool(os.waitpid(child, 0)[1])
        shutil.rmtree(".enforcer", ignore_errors=True)
    return int(has_failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
