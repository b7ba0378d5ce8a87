"""Unified diff of a file's bytes before and after, as ``patch`` and ``git apply`` read it."""

import difflib
from itertools import pairwise

from enforcer.rewriting.source_text import LINE_END, SourceText, UndecodableError


def unified_diff(file: str, old: bytes, new: bytes) -> str:
    """Return a unified diff; line ends and missing ones at the end of the file are kept.

    Args:
        file: the name to show.
        old: the bytes before.
        new: the bytes after.

    """
    lines = difflib.unified_diff(
        _lines(_text(old)), _lines(_text(new)), f"a/{file}", f"b/{file}", n=3
    )
    return "".join(
        line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n"
        for line in lines
    )


def _text(data: bytes) -> str:
    try:
        return SourceText(data).text
    except UndecodableError:
        return data.decode("utf-8", "replace")


def _lines(text: str) -> list[str]:
    # Not splitlines(): patch and git know no form feed as the end of a line.
    ends = [0, *(found.end() for found in LINE_END.finditer(text)), len(text)]
    return [text[begin:end] for begin, end in pairwise(ends) if begin != end]
