"""Names that can't repeat are one name from process to process."""

# ruff: noqa: S108 - these are only names

import pytest

from enforcer.runtime.imports.callers import Ownership
from enforcer.runtime.imports.path_folding import fold_label, fold_path

LABELS = {
    "<string>": "<string>",
    "<string-17>": "<string-*>",
    "<eval_with_key>.7": "<eval_with_key>.*",
    "<template 0x7f3a12bc9d10>": "<template *>",
    "<generated 5d41402a>": "<generated *>",
    "<attrs generated init shop.cart.Cart2>": "<attrs generated init shop.cart.Cart2>",
    "<decorator-gen-403>": "<decorator-gen-*>",
    "<facade of deadbeef>": "<facade of deadbeef>",
}
PATHS = {
    "/srv/shop/cart.py": "/srv/shop/cart.py",
    "/tmp/tmpab12_9xz/job.py": "/tmp/tmp*/job.py",
    "/tmp/job-ab12_9xz/a/job.py": "/tmp/job-*/a/job.py",
    "/tmp/job.ab12_9xz/job.py": "/tmp/job.*/job.py",
    "/tmp/tmpabcdefgh/job.py": "/tmp/tmp*/job.py",
    "/tmp/shop/lib/site-packages/six.py": "/tmp/shop/lib/site-packages/six.py",
    "/tmp/shop-frontend/job.py": "/tmp/shop-frontend/job.py",
    "/var/folders/zz/tmpab12_9xz/job.py": "/var/folders/zz/tmp*/job.py",
    "C:/Users/a/AppData/Local/Temp/tmpab12_9xz/job.py": "C:/Users/a/AppData/Local/Temp/tmp*/job.py",
    "/srv/tmpab12_9xz/job.py": "/srv/tmpab12_9xz/job.py",
    "/tmp/pytest-of-me/pytest-12/test_a0/a.py": "/tmp/pytest-of-me/pytest-12/test_a0/a.py",
    "/x/spark-1b4e28ba-2fa1-11d2-883f-0016d3cca427/a.py": "/x/spark-*/a.py",
    "/x/1b4e28ba-2fa1-11d2-883f-0016d3cca427/a.py": "/x/*/a.py",
    "/cache/9e107d9d372bb6826bd81d3542a419d6/a.py": "/cache/*/a.py",
    "/srv/releases/20260331/a.py": "/srv/releases/20260331/a.py",
}


@pytest.mark.parametrize(("label", "folded"), LABELS.items())
def test_labels(label: str, folded: str) -> None:
    assert fold_label(label) == folded


@pytest.mark.parametrize(("path", "folded"), PATHS.items())
def test_paths(path: str, folded: str) -> None:
    assert fold_path(path) == folded


def test_two_runs_have_one_call_site() -> None:
    """Own code keeps its name, whatever folder the project lies in."""
    owner = Ownership("/tmp/tmpab12_9xz/project")
    assert owner.of("/tmp/tmpab12_9xz/project/shop/20.py") == ("own", "shop/20.py")
    assert owner.of("/tmp/tmpab12_9xz/job.py") == owner.of("/tmp/tmpcd34_9xz/job.py")
    assert owner.of("<string-1>") == owner.of("<string-2>") == ("own", "<string-*>")
    assert owner.of("<cell 2357>") == ("own", "<cell 2357>")
    assert owner.of("<frozen zipimport2>")[1] == "<frozen zipimport2>"


def test_names_without_end_fill_no_memory() -> None:
    """A program that compiles a string for each request makes a name for each."""
    owner = Ownership("/srv/shop")
    for number in range(10_000):
        owner.of(f"<string-{number}>")
    assert len(owner._known) <= 4096  # noqa: SLF001 - the cache itself
