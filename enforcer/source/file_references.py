"""References of one file, as a scan reads them: paths as they resolve, and where they are."""

from dataclasses import dataclass
from typing import Final

from enforcer.findings import MODULE_LEVEL, Form
from enforcer.source.calls import Call
from enforcer.source.computed import Computed
from enforcer.source.markers import Mark
from enforcer.source.positions import Span

STAR: Final = "*"


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """One reference to a module path.

    Attributes:
        line: the line, from 1.
        form: how it is written.
        path: the dotted path as it resolves; for a string as it is written.
        names: the names that are asked of it by a ``from … import`` or an import call;
            ``("*",)`` for a star.
        base: for an attribute, the part of the path that the file has imported.
        typing_only: whether only type checkers read it.
        function: the qualified name of the function around it, ``<module>`` at top level.
        spans: where it is. Of a from-import the module, and then each name. Of an attribute the
            base, and then the whole up to each further part of the path. Else the path's text.

    """

    line: int
    form: Form
    path: str
    names: tuple[str, ...] = ()
    base: str = ""
    typing_only: bool = False
    function: str = MODULE_LEVEL
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class FileReferences:
    """All references of one file.

    Attributes:
        references: the references, in the order of the lines.
        loads: the names that the file reads and does not bind, if it has a star import;
            otherwise empty.
        calls: the calls, in the order of the lines.
        marks: the markers of its tests.
        computed: the names of modules that are computed.

    """

    references: tuple[Reference, ...] = ()
    loads: frozenset[str] = frozenset()
    calls: tuple[Call, ...] = ()
    marks: tuple[Mark, ...] = ()
    computed: tuple[Computed, ...] = ()
