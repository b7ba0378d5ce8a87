"""Findings beside the code: SARIF 2.1.0, and workflow commands of GitHub."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from enforcer import __version__
from enforcer.output.document import as_json

SARIF_VERSION: Final = "2.1.0"
SARIF_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT: Final = "%SRCROOT%"

_OF_DATA: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_OF_PROPERTIES: Final = {**_OF_DATA, ":": "%3A", ",": "%2C"}


@dataclass(frozen=True, slots=True)
class Annotation:
    """A finding at a place in the code.

    Attributes:
        kind: what kind of finding it is, one of the command's kinds.
        level: ``error``, ``warning`` or ``note``.
        message: what is wrong, and what to do.
        file: the file, relative to the top of the repository, or absolute.
        identity: what makes it the same finding after lines have moved.
        line: the line, from 1; 0 if the whole file is meant.
        column: the first character, from 1; 0 if the whole line is meant.
        end_line: the line of the last character.
        end_column: the character after the last one.

    """

    kind: str
    level: str
    message: str
    file: str
    identity: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0


def as_sarif(kinds: Mapping[str, str], annotations: Iterable[Annotation]) -> str:
    """Return annotations as SARIF, which code hosts show beside the code.

    Args:
        kinds: every kind of finding, with its description.
        annotations: the findings.

    """
    ids = list(kinds)
    driver = {
        "name": "enforcer",
        "semanticVersion": __version__,
        "rules": [{"id": kind, "shortDescription": {"text": kinds[kind]}} for kind in ids],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": list(_results(annotations, ids)),
    }
    return as_json({"$schema": SARIF_SCHEMA, "version": SARIF_VERSION, "runs": [run]})


def _results(annotations: Iterable[Annotation], kinds: list[str]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for one in annotations:
        # Not the line: a finding is the same where it has moved. Of equal ones each has a number.
        print_ = f"{one.kind} {one.identity}"
        seen[print_] += 1
        number = f" {seen[print_]}" if seen[print_] > 1 else ""
        place: dict[str, Any] = {"artifactLocation": _artifact(one.file)}
        if one.line:
            place["region"] = _region(one)
        yield {
            "ruleId": one.kind,
            "ruleIndex": kinds.index(one.kind),
            "level": one.level,
            "message": {"text": one.message},
            "locations": [{"physicalLocation": place}],
            "partialFingerprints": {"enforcer/v1": f"{print_}{number}"},
        }


def _region(one: Annotation) -> dict[str, int]:
    if not one.column:
        return {"startLine": one.line}
    return {
        "startLine": one.line,
        "startColumn": one.column,
        "endLine": one.end_line,
        "endColumn": one.end_column,
    }


def _artifact(file: str) -> dict[str, str]:
    if PurePath(file).is_absolute():
        return {"uri": PurePath(file).as_uri()}
    return {"uri": quote(file), "uriBaseId": _ROOT}


def as_commands(annotations: Iterable[Annotation]) -> Iterator[str]:
    """Yield annotations as GitHub workflow commands, which annotate the findings' lines."""
    for one in annotations:
        properties: dict[str, object] = {"file": one.file, "title": f"enforcer: {one.kind}"}
        if one.line:
            properties["line"] = one.line
        if one.column:
            properties |= {"col": one.column, "endLine": one.end_line, "endColumn": one.end_column}
        shown = ",".join(
            f"{key}={_escaped(str(value), _OF_PROPERTIES)}" for key, value in properties.items()
        )
        # GitHub calls a note "notice".
        level = "notice" if one.level == "note" else one.level
        yield f"::{level} {shown}::{_escaped(one.message, _OF_DATA)}"


def _escaped(text: str, codes: dict[str, str]) -> str:
    return "".join(codes.get(character, character) for character in text)
