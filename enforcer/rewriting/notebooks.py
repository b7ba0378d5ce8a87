"""Rewriting of the code cells of a Jupyter notebook, as one module."""

import json
import re
from dataclasses import replace
from typing import Any, Final

from enforcer.rewriting.context import Options
from enforcer.rewriting.outcome import Left
from enforcer.rewriting.rewriter import Rewriter, Rewritten

# A character that no text should have: comments with it are markers, and can't be a notebook's own.
_RARE: Final = "\ufdd0"
_BORDER: Final = f"\n#{_RARE}cell\n"
_MAGIC: Final = f"pass  #{_RARE}line "
_HIDDEN: Final = re.compile(f"{_MAGIC}(\\d+)$")


def rewrite_notebook(rewriter: Rewriter, data: bytes, options: Options | None = None) -> Rewritten:
    """Rewrite the bytes of a notebook; all but the changed cells stays as it is."""
    try:
        text = data.decode("utf-8")
        document: Any = json.loads(text)
        write = _writer(document, text)
        cells = [one for one in document["cells"] if one.get("cell_type") == "code"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return _unchanged(data, f"it is no notebook that can be written again: {error}")
    if write is None or _RARE in text:
        return _unchanged(data, "its JSON is laid out in a way that would not stay")
    hidden: list[str] = []
    code = _BORDER.join(_hide(_source(one), hidden) for one in cells)
    # A notebook is no module: its relative imports lead nowhere.
    found = rewriter.rewrite(code.encode(), (), options)
    if not found.is_changed:
        return replace(found, old=data, new=data)
    parts = found.new.decode().split(_BORDER)
    for cell, part in zip(cells, parts, strict=True):
        new = _shown(part, hidden)
        if new != _source(cell):
            is_list = isinstance(cell["source"], list)
            cell["source"] = new.splitlines(keepends=True) if is_list else new
    return replace(found, old=data, new=write(document).encode())


def _writer(document: object, text: str) -> Any:  # noqa: ANN401 - a callable
    """Return what writes the document as it was written; None if nothing does."""
    # Jupyter's own layout (nbformat) comes first: indent 1, no escapes beyond ASCII, a line end.
    for ending in ("\n", ""):
        for indent in (1, 2, 4, None, "\t"):
            for is_ascii in (False, True):

                def write(
                    one: object,
                    indent: int | str | None = indent,
                    is_ascii: bool = is_ascii,  # noqa: FBT001 - bound by the loop
                    ending: str = ending,
                ) -> str:
                    return json.dumps(one, indent=indent, ensure_ascii=is_ascii) + ending

                if write(document) == text:
                    return write
    return None


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)


def _hide(source: str, hidden: list[str]) -> str:
    """Return a cell's code with the lines of IPython and of other languages hidden."""
    lines = source.split("\n")
    is_other = source.lstrip().startswith("%%")
    result = []
    for line in lines:
        plain = line.strip()
        if is_other or plain.startswith(("%", "!", "?")) or plain.endswith("?"):
            # As deep as the line, so that a block of such lines alone stays a block.
            indent = line[: len(line) - len(line.lstrip())]
            result.append(f"{indent}{_MAGIC}{len(hidden)}")
            hidden.append(line)
        else:
            result.append(line)
    return "\n".join(result)


def _shown(part: str, hidden: list[str]) -> str:
    """Return a cell's code with the hidden lines in their places."""
    lines = []
    for line in part.split("\n"):
        found = _HIDDEN.search(line)
        lines.append(hidden[int(found[1])] if found else line)
    return "\n".join(lines)


def _unchanged(data: bytes, reason: str) -> Rewritten:
    return Rewritten(data, data, left=(Left(0, 0, "", "", reason),))
