"""Plans for import statements: what each of their names becomes, and the text that is written."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from enforcer.rewriting.import_lines import FromLayout, NewName, read_layout, write_from
from enforcer.rewriting.source_text import LINE_END, Edit, SourceText
from enforcer.source.importer import Importer

Statement = ast.Import | ast.ImportFrom

_SHORTEST: Final = 79
_LONGEST: Final = 120
"""The limits of the length of lines, within which the longest line of a file is its own limit."""


@dataclass(frozen=True, slots=True)
class NewImport:
    """One import to write.

    Attributes:
        module: the absolute module.
        name: the name of a from-import; empty for ``import module``.
        bound: the name that it is bound to; empty for the top package of ``import a.b``.

    """

    module: str
    name: str = ""
    bound: str = ""

    @classmethod
    def of_path(cls, path: str, bound: str) -> "NewImport":
        """Return the import that binds a module by a name: from its package, if it has one."""
        package, _, leaf = path.rpartition(".")
        return cls(package, leaf, bound) if package else cls(leaf, "", bound)

    @property
    def plain(self) -> str:
        """The text after ``import``, for an import without ``from``."""
        is_plain = self.bound in ("", self.module)
        return self.module if is_plain else f"{self.module} as {self.bound}"


@dataclass(slots=True)
class StatementPlan:
    """What becomes of one import statement.

    Attributes:
        node: the statement.
        becomes: for the names that change, the imports that replace them.
        added: imports to add after it.

    """

    node: Statement
    becomes: dict[ast.alias, list[NewImport]] = field(default_factory=dict)
    added: list[NewImport] = field(default_factory=list)


class StatementWriter:
    """Writer of planned statements in one file."""

    def __init__(self, source: SourceText, importer: Importer | None) -> None:
        """Bind to the text, and to the module that relative imports are relative to."""
        self._source = source
        self._importer = importer
        self._longest = min(max(_SHORTEST, *map(len, LINE_END.split(source.text))), _LONGEST)

    def edits(self, plan: StatementPlan) -> Iterator[Edit]:
        """Yield the edits for one statement."""
        node = plan.node
        if isinstance(node, ast.Import):
            yield from self._import_edits(node, plan)
        else:
            yield from self._from_edits(node, plan)

    def _import_edits(self, node: ast.Import, plan: StatementPlan) -> Iterator[Edit]:
        replaced = [plan.becomes.get(alias) for alias in node.names]
        are_plain = all(new is None or (len(new) == 1 and not new[0].name) for new in replaced)
        if are_plain and not plan.added:
            for alias, new in zip(node.names, replaced, strict=True):
                if new is not None:
                    yield Edit(*self._source.span(alias), new[0].plain)
            return
        start, end = self._source.span(node)
        keyword = self._source.text[start : self._source.span(node.names[0])[0]]
        plain = [self._text(alias) for alias in node.names if alias not in plan.becomes]
        added: list[NewImport] = []
        for new in replaced:
            added += new or ()
        added += plan.added
        statements = [f"{keyword}{', '.join(plain)}"] if plain else []
        statements += [self._written(new, keyword) for new in dict.fromkeys(added)]
        yield Edit(start, end, self._joined(start, end, statements))

    def _text(self, node: ast.AST) -> str:
        start, end = self._source.span(node)
        return self._source.text[start:end]

    def _written(self, new: NewImport, keyword: str) -> str:
        lazy = "lazy " if keyword.startswith("lazy") else ""
        if not new.name:
            return f"{lazy}import {new.plain}"
        name = new.name if new.bound == new.name else f"{new.name} as {new.bound}"
        return f"{lazy}from {new.module} import {name}"

    def _from_edits(self, node: ast.ImportFrom, plan: StatementPlan) -> Iterator[Edit]:
        layout = read_layout(self._source, node)
        groups = self._groups(node, layout, plan)
        if len(groups) == 1 and not plan.added:
            ((module, names),) = groups.items()
            if module and len(names) == len(node.names):
                edits = list(self._in_place(layout, module, names))
                if not self._is_too_long(layout, edits):
                    yield from edits
                    return
        indent, is_alone = self._indent(layout.start, layout.end)
        newline = self._source.newline
        statements = [
            write_from(layout, module, names, indent, newline, self._longest)
            for module, names in groups.items()
        ]
        statements += [self._written(new, layout.keyword) for new in plan.added]
        if not statements:
            # All names of the statement were imported from the canonical path already.
            yield self._removal(layout.start, layout.end, is_alone=is_alone)
            return
        if layout.first_comment:
            # A comment at the parenthesis speaks of the statement: it stays on the first line.
            head, mark, rest = statements[0].partition("(")
            statements[0] = (
                f"{head}(  {layout.first_comment}{rest}"
                if mark
                else f"{head}  {layout.first_comment}"
            )
        text = self._joined(layout.start, layout.end, statements)
        above = "".join(f"{comment}{newline}{indent}" for comment in layout.last_comments)
        yield Edit(layout.start, layout.end, above + text if is_alone else text)

    def _groups(
        self, node: ast.ImportFrom, layout: FromLayout, plan: StatementPlan
    ) -> dict[str, list[NewName]]:
        """Return the names of a from-import by the module that they are to come from.

        The old module comes first, and the empty one stands for plain imports.
        """
        start, end = layout.module
        old = self._source.text[start:end]
        groups: dict[str, list[NewName]] = {}
        items = {id(item.alias): item for item in layout.items}
        for alias in node.names:
            item = items[id(alias)]
            if alias not in plan.becomes:
                name = NewName(alias.name, alias.asname or alias.name, item)
                groups = groups if old in groups else {old: [], **groups}
                groups[old].append(name)
                continue
            for new in plan.becomes[alias]:
                bound = new.bound or new.name or new.module
                module = self.module_text(new.module, node.level) if new.name else ""
                groups.setdefault(module, []).append(NewName(new.name or new.module, bound, item))
        return groups

    def _in_place(self, layout: FromLayout, module: str, names: list[NewName]) -> Iterator[Edit]:
        """Yield edits of the module and of the names alone, so that all else stays."""
        start, end = layout.module
        if self._source.text[start:end] != module:
            yield Edit(start, end, module)
        for item, new in zip(layout.items, names, strict=True):
            alias = item.alias
            if new.text != self._source.text[item.start : item.end] and (
                (alias.name, alias.asname or alias.name) != (new.name, new.bound)
            ):
                yield Edit(item.start, item.end, new.text)

    def _is_too_long(self, layout: FromLayout, edits: list[Edit]) -> bool:
        """Return whether edits make a line longer than any of the file, which can be wrapped."""
        indent, is_alone = self._indent(layout.start, layout.end)
        is_wrapped = self._source.line_at(layout.start) != self._source.line_at(layout.end)
        added = sum(len(one.new) - (one.end - one.start) for one in edits)
        length = len(indent) + layout.end - layout.start + added
        return is_alone and not is_wrapped and length > self._longest

    def module_text(self, module: str, level: int) -> str:
        """Return a module as it is written after ``from``: relative if the old one was."""
        if not level or self._importer is None:
            return module
        return relative(self._importer, module, level) or module

    def _indent(self, start: int, end: int) -> tuple[str, bool]:
        """Return the indentation of a statement, and whether it is alone on its lines."""
        before = self._source.before(start)
        after = self._source.text[end : self._source.line_end(end)].strip()
        return (
            before[: len(before) - len(before.lstrip())],
            not before.strip() and (not after or after.startswith("#")),
        )

    def _joined(self, start: int, end: int, statements: list[str]) -> str:
        """Join statements that replace one: on lines of their own if it was alone on its line."""
        indent, is_alone = self._indent(start, end)
        if not is_alone:
            return "; ".join(statements)
        after = self._source.text[end : self._source.line_end(end)]
        # Directives such as "noqa" hold for one line, so each of the lines needs them.
        directive = after.rstrip() if _is_directive(after) else ""
        return f"{directive}{self._source.newline}{indent}".join(statements)

    def _removal(self, start: int, end: int, *, is_alone: bool) -> Edit:
        if not is_alone:
            # It may be all that follows a colon, where nothing at all is a syntax error.
            return Edit(start, end, "pass")
        begin = start - len(self._source.before(start))
        stop = self._source.line_end(end)
        following = LINE_END.match(self._source.text, stop)
        return Edit(begin, following.end() if following else stop, "")


def relative(importer: Importer, module: str, level: int) -> str:
    """Return a relative path to a module, with as many dots as before if that reaches it.

    Returns:
        The path; empty if the module is in another top-level package.

    """
    for dots in (level, *range(1, importer.module.count(".") + 2)):
        base = importer.resolve(dots, "")
        if base and f"{module}.".startswith(f"{base}."):
            return f"{'.' * dots}{module[len(base) + 1 :]}"
    return ""


def _is_directive(comment: str) -> bool:
    words: Iterable[str] = ("noqa", "type:", "pragma:", "pylint:", "isort:", "pyright:", "ruff:")
    return comment.strip().lstrip("#").strip().startswith(tuple(words))
