"""Code cells of notebooks are rewritten as one module; all else stays, to the byte."""

import json

import pytest

from enforcer.rewriting.notebooks import rewrite_notebook
from enforcer.rewriting.rewriter import Rewriter

CELLS = [
    {"cell_type": "markdown", "metadata": {}, "source": ["from shop.old_cart import Cart\n"]},
    {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "outputs": [{"output_type": "stream", "text": ["shop.old_cart é\n"]}],
        "source": ["%matplotlib inline\n", "import old.deep\n", "from shop.old_cart import make"],
    },
    {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["%%bash\n", "import old.deep"]},
    {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "source": "if old.deep.A:\n    !ls\nmake()",
    },
]


def notebook(indent: int | None, *, is_ascii: bool = False, end: str = "\n") -> bytes:
    document = {"cells": CELLS, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(document, indent=indent, ensure_ascii=is_ascii) + end).encode()


@pytest.mark.parametrize("indent", [1, 2, None])
@pytest.mark.parametrize("is_ascii", [False, True])
@pytest.mark.parametrize("end", ["", "\n"])
def test_cells_are_one_module(rewriter: Rewriter, indent: int, is_ascii: bool, end: str) -> None:  # noqa: FBT001 - parameters of the test
    data = notebook(indent, is_ascii=is_ascii, end=end)
    found = rewrite_notebook(rewriter, data)
    expected = (
        data.replace(b'"import old.deep\\n"', b'"import new.deep\\n"')
        .replace(b'"from shop.old_cart import make"', b'"from shop.cart import get as make"')
        .replace(b"if old.deep.A", b"if new.deep.A")
    )
    assert found.new.decode() == expected.decode()
    assert len(found.changes) == 3
    assert rewrite_notebook(rewriter, found.new).new == found.new


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{}", "it is no notebook"),
        (b"\xff", "it is no notebook"),
        (b'{"cells":[ ]}', "its JSON is laid out in a way that would not stay"),
    ],
)
def test_other_files_are_left(rewriter: Rewriter, data: bytes, reason: str) -> None:
    found = rewrite_notebook(rewriter, data)
    assert not found.is_changed
    assert [one.reason.startswith(reason) for one in found.left] == [True]
