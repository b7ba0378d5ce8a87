"""Rewriting of a factory's calls by the map's table of arguments."""

import ast
import re
from typing import Final

from enforcer.rewriting.context import FileContext
from enforcer.rewriting.source_text import Edit
from enforcer.rules.factory_model import Factory
from enforcer.runtime.delegation.parameters import Parameters
from enforcer.runtime.delegation.signatures import mismatches
from enforcer.source.definitions import Definition

_COMMA: Final = re.compile(r"\s*,\s*")


def call_edits(context: FileContext, factory: Factory, call: ast.Call) -> list[Edit] | str:
    """Return the edits of a call's arguments, or why it can't be rewritten.

    Args:
        context: the file.
        factory: the factory that is called.
        call: the call.

    """
    legacy = context.definitions.find(factory.legacy)
    canonical = context.definitions.find(factory.canonical)
    if legacy.parameters is None or canonical.parameters is None:
        return "the signatures are unknown, so nobody knows where an argument belongs,"
    wrong = mismatches(legacy.parameters, canonical.parameters, factory.arguments)
    if wrong:
        return f"{wrong[0].message.removesuffix('.')}, so its calls can't change"
    return _CallRewriter(context, factory, call, legacy, canonical.parameters).edits()


class _CallRewriter:
    """Rewriter of one call's arguments."""

    def __init__(
        self,
        context: FileContext,
        factory: Factory,
        call: ast.Call,
        legacy: Definition,
        canonical: Parameters,
    ) -> None:
        assert legacy.parameters is not None  # noqa: S101 - for the type checker
        self._source = context.source
        self._targets = factory.arguments
        self._call = call
        self._legacy = legacy.parameters
        self._none_by_default = legacy.none_by_default
        self._canonical = canonical
        self._spans = [context.source.span(one) for one in (*call.args, *call.keywords)]

    def edits(self) -> list[Edit] | str:
        reason = self._why_not()
        if reason:
            return reason
        edits: list[Edit] = []
        dropped: list[int] = []
        by_keyword = False
        position = 0
        for index, (old, value, is_keyword) in enumerate(self._passed()):
            new = self._targets.get(old, old)
            start = self._spans[index][0]
            if not new:
                if not _is_harmless(value):
                    return f'the argument "{old}", which is left out, calls something'
                dropped.append(index)
            elif is_keyword:
                if new != old:
                    edits.append(Edit(start, start + len(old), new))
            elif not by_keyword and self._at(position) == new:
                position += 1
            else:
                by_keyword = True
                if isinstance(value, ast.GeneratorExp):
                    return "an argument without parentheses of its own would need a name"
                edits.append(Edit(start, start, f"{new}="))
        return edits + self._removals(dropped)

    def _why_not(self) -> str:
        call = self._call
        if any(isinstance(one, ast.Starred) for one in call.args) or not all(
            one.arg for one in call.keywords
        ):
            return "it is called with * or **"
        if len(call.args) > len(self._legacy.by_position):
            return "it is called with more arguments than it has"
        begin = self._source.span(call.func)[1]
        text = self._source.text
        for number, (start, end) in enumerate(self._spans):
            # An edit would drop a comment between two arguments, or split a pair of parentheses.
            between = text[begin:start].strip()
            if not (between == "(" if number == 0 else _COMMA.fullmatch(text[begin:start])):
                return "comments or parentheses stand between its arguments"
            begin = end
        passed = {old for old, _, _ in self._passed()}
        for name in self._legacy.names:
            new = self._targets.get(name, name)
            # The canonical default may be another one, and nothing shows whether that matters.
            if name not in passed and new and name not in self._none_by_default:
                return f'it relies on the legacy default of "{name}"'
        return ""

    def _passed(self) -> list[tuple[str, ast.expr, bool]]:
        names = self._legacy.by_position
        by_position = [(names[i], one, False) for i, one in enumerate(self._call.args)]
        return [*by_position, *((one.arg or "", one.value, True) for one in self._call.keywords)]

    def _at(self, position: int) -> str:
        names = self._canonical.by_position
        return names[position] if position < len(names) else ""

    def _removals(self, dropped: list[int]) -> list[Edit]:
        """Return the edits that remove arguments with their commas."""
        removals = []
        first_kept = next(
            (i for i in range(len(self._spans)) if i not in dropped), len(self._spans)
        )
        for index in dropped:
            start, end = self._spans[index]
            # With the comma before it; with the one after it where no kept argument comes before.
            if index > first_kept:
                removals.append(Edit(self._spans[index - 1][1], end, ""))
            elif index + 1 < len(self._spans):
                removals.append(Edit(start, self._spans[index + 1][0], ""))
            else:
                after = re.compile(r"\s*,").match(self._source.text, end)
                removals.append(Edit(start, after.end() if after else end, ""))
        return removals


def _is_harmless(value: ast.expr) -> bool:
    """Return whether nobody misses an expression that is not evaluated."""
    return all(
        isinstance(node, ast.Name | ast.Attribute | ast.Constant | ast.expr_context)
        for node in ast.walk(value)
    )
