"""What an instruction asks for is read from bytecode."""

import sys
from types import FrameType
from typing import Any

import pytest

from enforcer.runtime.imports import bytecode

STATEMENTS = {
    "import a.b.c": ("a.b.c", None, 0),
    "import a.b as c": ("a.b", None, 0),
    "from a.b import c, d as e": ("a.b", ("c", "d"), 0),
    "from a import *": ("a", ("*",), 0),
    "from . import x": ("", ("x",), 1),
    "from ...p import x": ("p", ("x",), 3),
}


def run(source: str, look: Any, **names: object) -> None:  # noqa: ANN401 - any callable
    """Run a program whose every import calls ``look`` with the importing frame."""

    def hook(*_arguments: object, **_keywords: object) -> object:
        return look(sys._getframe(1))  # noqa: SLF001

    namespace = {"__builtins__": {"__import__": hook}, "__name__": "p.q.r", **names}
    exec(compile(source, "f.py", "exec"), namespace)  # noqa: S102 - the program is the test's


@pytest.mark.parametrize("many_names", [False, True], ids=["short", "extended"])
@pytest.mark.parametrize("statement", STATEMENTS)
def test_import_statement(statement: str, many_names: bool) -> None:  # noqa: FBT001
    """Name, names and level come out as written, also behind EXTENDED_ARG."""
    seen: list[tuple[object, ...]] = []

    class Anything:
        __all__ = ()

        def __getattr__(self, name: str) -> object:
            return self

    def look(frame: FrameType) -> object:
        found = bytecode.import_statement(frame)
        assert found is not None
        seen.append((found.name, found.names, found.level))
        return Anything()

    before = "\n".join(f"v{number} = {number}.5" for number in range(400)) if many_names else ""
    run(f"{before}\n{statement}\n", look)
    assert seen == [STATEMENTS[statement]]


@pytest.mark.parametrize(
    ("namespace", "name", "level", "absolute"),
    [
        ({"__package__": "p.q"}, "x", 1, "p.q.x"),
        ({"__package__": "p.q"}, "x", 2, "p.x"),
        ({"__package__": "p.q"}, "", 1, "p.q"),
        ({"__name__": "p.q.r"}, "x", 1, "p.q.x"),
        ({"__name__": "p.q", "__path__": []}, "x", 1, "p.q.x"),
        ({"__package__": "p"}, "x.y", 0, "x.y"),
    ],
)
def test_relative_names_resolve_as_the_import_system_does(
    namespace: dict[str, object], name: str, level: int, absolute: str
) -> None:
    """A relative import names its module through its package."""
    assert bytecode.ImportStatement(name, None, level).absolute(namespace) == absolute


def test_called_name_is_the_last_name_of_the_callee() -> None:
    """`pickle.loads(f(x))` is a call of `loads`, whatever its arguments call."""
    names: list[str] = []

    def loads(*_: object) -> object:
        names.append(bytecode.called_name(sys._getframe(1)))  # noqa: SLF001
        return loads

    class Holder:
        method = staticmethod(loads)

    source = "loads(1)\nholder.method(len('abc'), holder.method)\nholder.method(\n  len('a')\n)\n"
    namespace = {"loads": loads, "holder": Holder(), "len": len}
    exec(compile(source, "f.py", "exec"), namespace)  # noqa: S102 - the program is the test's
    assert names == ["loads", "method", "method"]


def test_loads_attribute_names_the_attribute() -> None:
    """`x.__spec__` is told from `x.other`, and from a call."""
    seen: list[tuple[bool, bool]] = []

    class Probe:
        def __getattr__(self, name: str) -> object:
            frame = sys._getframe(1)  # noqa: SLF001
            seen.append((bytecode.loads_attribute(frame, "wanted"), bytecode.calls(frame)))
            return int

    probe = Probe()
    _ = probe.wanted
    _ = probe.other
    getattr(probe, "wanted", None)
    probe.other()
    probe.wanted()
    assert seen == [(True, False), (False, False), (False, True), (False, False), (True, False)]


def test_a_call_is_no_attribute_whatever_its_argument_means() -> None:
    """The count of a call's arguments may be the index of the name that is asked for."""
    seen: list[bool] = []

    def look(_: object) -> None:
        seen.append(bytecode.loads_attribute(sys._getframe(1), "real"))  # noqa: SLF001

    code = compile("number.real\nlook(1)", "f.py", "exec")
    assert code.co_names[1] == "real"
    exec(code, {"number": 1, "look": look})  # noqa: S102 - the program is the test's
    assert seen == [False]


def test_what_is_done_with_a_name() -> None:
    """An attribute is read, or a function is called that may read it."""
    seen: list[tuple[str, str]] = []

    class Probe:
        def __getattr__(self, name: str) -> object:
            seen.append(bytecode.used_name(sys._getframe(1)))  # noqa: SLF001
            return None

    probe = Probe()
    _ = probe.wanted
    getattr(probe, "wanted", None)
    [getattr][0](probe, "wanted", None)
    assert seen == [
        (bytecode.ATTRIBUTE_OF, "wanted"),
        (bytecode.CALLED, "getattr"),
        (bytecode.CALLED, ""),
    ]


def test_an_attributes_owner_is_named_from_its_variable_on() -> None:
    """However it is written; an expression that is no name has none."""
    seen: list[tuple[str, ...] | None] = []

    class Probe:
        def __getattr__(self, name: str) -> object:
            if name == "wanted":
                seen.append(bytecode.dotted(sys._getframe(1)))  # noqa: SLF001
                return int
            return self

    source = "probe.wanted\npkg.a.b.wanted\npkg.a.wanted()\n[probe][0].wanted\n"
    many = "".join(f"n{number} = {number}\n" for number in range(300))
    namespace = {"probe": Probe(), "pkg": Probe()}
    for text in (
        source,
        many + source,
        f"def f(pkg, probe):\n {source[:-1].replace(chr(10), '; ')}",
    ):
        exec(compile(text, "f.py", "exec"), namespace)  # noqa: S102 - the program is the test's
    namespace["f"](Probe(), Probe())  # type: ignore[operator]
    assert seen == [("probe",), ("pkg", "a", "b"), ("pkg", "a"), None] * 3


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("__import__('a.b')", False),
        ("__import__('a.b', level=0)", False),
        ("__import__('a.b', fromlist=['x'])", True),
        ("__import__('a.b', fromlist=names, level=0)", True),
        ("__import__('a.b', fromlist=[], level=0)", False),
        ("__import__('a.b', fromlist=None)", False),
        ("__import__('a.b', globals(), locals(), ['x'], 0)", True),
        ("__import__('a.b', globals(), locals(), ('x', 'y'))", True),
        ("__import__('a.b', globals(), locals(), ['x', 'y', 'z', 'w'], 0)", True),
        ("__import__('a.b', globals(), locals(), [], 0)", False),
        ("__import__('a.b', globals(), locals(), (), level=0)", False),
        ("__import__('a.b', globals(), locals(), None, 0)", False),
        ("other('a.b', fromlist=['x'])", False),
    ],
)
def test_import_calls_with_names_want_the_module_itself(call: str, wanted: bool) -> None:  # noqa: FBT001 - a column
    """The list of names is read from the instructions before the call, keyword or not."""
    found: list[bool] = []

    def called(*_: object, **__: object) -> None:
        found.append(bytecode.wants_module(sys._getframe(1)))  # noqa: SLF001

    source = f"for _ in range(20): {call}\n"
    exec(compile(source, "f.py", "exec"), {"__import__": called, "other": called, "names": ["x"]})  # noqa: S102
    assert found == [wanted] * 20
