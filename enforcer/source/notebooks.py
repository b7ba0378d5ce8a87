"""Code cells of a Jupyter notebook, as one module, and the places of its lines in the file."""

import json
from dataclasses import dataclass, field, replace

from enforcer.source.file_references import FileReferences
from enforcer.source.positions import NOWHERE, Span


@dataclass(slots=True)
class Notebook:
    """The code of a notebook.

    Attributes:
        code: the lines of all code cells, one cell after the other.

    """

    code: list[str] = field(default_factory=list)
    _text: str = ""
    _offsets: list[int] = field(default_factory=list)

    def at(self, span: Span) -> Span:
        """Return the place in the notebook's file of a place in its code."""
        start, end = self._place(span[0], span[1]), self._place(span[2], span[3])
        return (*start, *end) if start[0] and end[0] else NOWHERE

    def moved(self, found: FileReferences) -> FileReferences:
        """Return references with their places in the notebook's file instead of in its code."""
        references = tuple(
            replace(
                reference,
                line=self.line_at(reference.line),
                spans=tuple(map(self.at, reference.spans)),
            )
            for reference in found.references
        )
        computed = tuple(
            replace(one, line=self.line_at(one.line), span=self.at(one.span))
            for one in found.computed
        )
        return replace(found, references=references, computed=computed)

    def line_at(self, line: int) -> int:
        """Return the line of the file where a line of the code begins; 0 if it is unknown."""
        return self._place(line, 1)[0]

    def _place(self, line: int, column: int) -> tuple[int, int]:
        if line > len(self._offsets) or self._offsets[line - 1] < 0:
            return 0, 0
        # In JSON some characters take more than one.
        written = _written(self.code[line - 1][: column - 1])
        offset = self._offsets[line - 1] + len(written)
        before = self._text.rfind("\n", 0, offset)
        return self._text.count("\n", 0, offset) + 1, offset - before


def read_notebook(content: bytes) -> Notebook:
    """Parse a notebook; lines of other languages and of IPython do nothing.

    Raises:
        ValueError: if it is no notebook.

    """
    text = content.decode("utf-8")
    document = json.loads(text)
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        message = "it is no notebook: it has no cells"
        raise ValueError(message)  # noqa: TRY004 - the content is wrong, as with bad JSON
    notebook = Notebook(_text=text)
    position = 0
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        pieces = source if isinstance(source, list) else [source]
        lines = "".join(map(str, pieces)).splitlines(keepends=True)
        is_other = bool(lines) and lines[0].startswith("%%")
        for line in lines:
            written = _written(line)
            # The json module has no positions, so each line is sought from the end of the last one.
            found = text.find(written, position)
            position = found + len(written) if found >= 0 else position
            notebook._offsets.append(found)  # noqa: SLF001 - filled here
            plain = line.rstrip("\r\n")
            is_magic = plain.lstrip().startswith(("%", "!", "?")) or plain.endswith("?")
            # As deep as the line, so that a block of such lines alone stays a block.
            passing = plain[: len(plain) - len(plain.lstrip())] + "pass"
            notebook.code.append("" if is_other else passing if is_magic else plain)
    return notebook


def _written(text: str) -> str:
    """Return a text as Jupyter writes it into JSON, without the quotes."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
