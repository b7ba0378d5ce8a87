"""Rewriting of strings that are a dotted path, where a call shows that they are one."""

import ast
import re
from typing import Final

from enforcer.rewriting.context import FileContext
from enforcer.rewriting.moves import Move
from enforcer.source.import_calls import read_import_call
from enforcer.source.importer import Importer
from enforcer.source.listed_names import listed_names

_PLAIN: Final = re.compile(r"[uUrRbB]{0,2}(?P<quote>'''|\"\"\"|'|\")(?P<text>[^\\\n\r]*)(?P=quote)")
_PATH: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?::[^\W\d]\w*(?:\.[^\W\d]\w*)*)?")

# Callables whose first argument is the path of a module or of something in it.
_TAKES_PATH: Final = frozenset(
    (
        "delattr",
        "files",
        "find_spec",
        "get_data",
        "import_string",
        "locate",
        "patch",
        "resolve_name",
        "run_module",
        "setattr",
    )
)
_OF_PATCH: Final = frozenset(("dict", "multiple"))
_KEYWORDS: Final = ("target", "name", "in_dict")

_WHOLE_MODULE: Final = "the call returns a module whose names the rule renames"
_NOT_PLAIN: Final = "the string has escapes or several parts"
_TOP_ONLY: Final = "the call returns the top package of the path"
_UNKNOWN: Final = "nothing shows that the string is an import path"


def rewrite_strings(context: FileContext) -> None:
    """Rewrite the strings of one file."""
    known: set[int] = set()
    for statement in context.tree.body:
        value = statement.value if isinstance(statement, ast.Expr) else statement
        for listed in listed_names(value):
            _rewrite_listed(context, listed)
    for node in context.nodes:
        if not isinstance(node, ast.Call):
            continue
        call = read_import_call(node)
        if call is not None:
            known.add(id(call.text))
            _rewrite_import_call(context, node)
            continue
        text = _path_argument(node)
        if text is not None:
            known.add(id(text))
            _rewrite(context, text)
    _leave_others(context, known)


def _path_argument(node: ast.Call) -> ast.Constant | None:
    """Return the constant of a call that is a path; None if there is none."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in _OF_PATCH and isinstance(function, ast.Attribute):
        value = function.value
        of = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
        name = "patch" if of == "patch" else name
    if name not in _TAKES_PATH:
        return None
    given = node.args[0] if node.args else None
    for keyword in node.keywords:
        if given is None and keyword.arg in _KEYWORDS:
            given = keyword.value
    is_text = isinstance(given, ast.Constant) and isinstance(given.value, str)
    return given if is_text else None  # type: ignore[return-value]


def _rewrite_listed(context: FileContext, node: ast.Constant) -> None:
    """Rewrite the name of a submodule that ``__all__`` of a package lists, and nothing binds."""
    name = str(node.value)
    if name in context.scope.bindings:
        return
    for importer in context.importers:
        move = context.moves.of_module(f"{importer.module}.{name}") if importer.is_package else None
        if move is None:
            continue
        package, _, new = move.module.rpartition(".")
        reason = move.reason
        if package != importer.module:
            reason = reason or f"__all__ can't list a module of {package or 'another package'}"
        elif name in context.options.read_by_star:
            reason = reason or "other files read it by a star import of the package"
        elif new in context.exported:
            reason = reason or f'__all__ lists "{new}", too: delete the old name'
        if reason:
            context.leave(context.source.span(node)[0], move, reason)
        else:
            _write(context, node, move, new)
        return


def _rewrite_import_call(context: FileContext, node: ast.Call) -> None:
    call = read_import_call(node)
    assert call is not None  # noqa: S101 - the caller has looked
    module = call.path
    if call.level:
        bases = [
            base
            for one in (
                context.importers
                if call.is_relative_to_own_package
                else [Importer(call.package_text, is_package=True)]
            )
            if (base := one.resolve(call.level, call.path))
        ]
        module = bases[0] if bases else ""
    move = context.moves.of_module(module) if module else None
    if move is None:
        return
    start, _ = context.source.span(call.text)
    reason = move.reason
    if call.gives_top:
        reason = reason or _TOP_ONLY
    elif move.rule.names or move.rule.keeps_own_code:
        reason = reason or _WHOLE_MODULE
    if reason:
        context.leave(start, move, reason)
        return
    _write(context, call.text, move, move.module)


def _rewrite(context: FileContext, node: ast.Constant) -> None:
    text = str(node.value)
    if not _PATH.fullmatch(text):
        return
    target = _target_of(context, text)
    if target is None:
        return
    new, move = target
    if move.factory is not None:
        reason = "the string names a factory, whose calls have other arguments"
    else:
        reason = move.reason
    if reason:
        context.leave(context.source.span(node)[0], move, reason)
    else:
        _write(context, node, move, new)


def _target_of(context: FileContext, text: str) -> tuple[str, Move] | None:
    """Return what replaces a path, and where it leads; None if it is not legacy."""
    modules, colon, names = text.partition(":")
    parts = modules.split(".")
    rest = names.split(".") if colon else []
    found = context.moves.of_path((*parts, *rest), len(parts) if colon else 0)
    if found is None:
        return None
    count, move = found
    after = [*parts, *rest][count:]
    if colon and count >= len(parts):
        attributes = [*filter(None, [move.name]), *after]
        return f"{move.module}:{'.'.join(attributes)}", move
    new = ".".join((move.path, *after[: len(after) - len(rest)]))
    return new + (f":{names}" if colon else ""), move


def _write(context: FileContext, node: ast.Constant, move: Move, new: str) -> None:
    start, end = context.source.span(node)
    plain = _PLAIN.fullmatch(context.source.text[start:end])
    if plain is None:
        context.leave(start, move, _NOT_PLAIN)
        return
    context.edit(start + plain.start("text"), start + plain.end("text"), new)
    context.changed(start, move)


def _leave_others(context: FileContext, known: set[int]) -> None:
    """Leave the strings that may be a path, or the name of a logger, or anything else."""
    for node in context.nodes:
        if isinstance(node, ast.JoinedStr):
            # The pieces of an f-string have no quotes, and none is a path by itself.
            known.update(id(one) for one in node.values)
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in known
            and ("." in node.value or ":" in node.value)
            and _PATH.fullmatch(node.value)
        ):
            start, end = context.source.span(node)
            target = _target_of(context, node.value)
            is_edited = any(start <= one.start and one.end <= end for one in context.found.edits)
            if target is not None and not is_edited:
                context.leave(start, target[1], _UNKNOWN)
