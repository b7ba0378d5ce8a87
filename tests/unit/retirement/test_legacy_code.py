"""Definitions of deprecated names leave their modules, if that is as simple as it looks."""

from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.errors import EnforcerError
from enforcer.retirement.legacy_code import files_of, require_childless, require_own, without_name
from enforcer.rules.loader import load_map

MODULE = dedent(
    """\
    from prices import net, tax as vat

    __all__ = ["gross", "old", "net"]


    def gross(): ...


    # Kept for the jobs.
    @cached
    def old():
        return gross()


    class Cart:
        def total(self): ...

        def old_total(self): ...


    LIMIT = 1
    """
)


def test_function_leaves_with_decorator_comment_and_export() -> None:
    text, reason = without_name(MODULE, "old")
    assert reason == ""
    begin, end = MODULE.index("# Kept"), MODULE.index("class Cart")
    assert text == (MODULE[:begin] + MODULE[end:]).replace('"old", ', "")


def test_method_leaves_its_class() -> None:
    text, reason = without_name(MODULE, "Cart.old_total")
    assert reason == ""
    assert "old_total" not in text
    assert "    def total(self): ...\n" in text


def test_last_statement_leaves_no_blank_lines() -> None:
    text, reason = without_name(MODULE, "LIMIT")
    assert (text, reason) == (MODULE.removesuffix("\n\nLIMIT = 1\n"), "")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gross", 'other code of the module uses "gross"'),
        ("vat", 'the statement that defines "vat" defines other names, too'),
        ("nothing", '"nothing" is not defined at its top level'),
        ("Basket.total", 'the class "Basket" is not defined once at its top level'),
    ],
)
def test_what_is_not_that_simple_is_left_to_a_person(name: str, reason: str) -> None:
    assert without_name(MODULE, name) == (MODULE, reason)


def test_last_export_takes_its_comma() -> None:
    text, _ = without_name('__all__ = ["a", "old"]\na = 1\nold = 2\n', "old")
    assert text == '__all__ = ["a"]\na = 1\n'
    text, _ = without_name('__all__ = [\n    "a",\n    "old",\n]\na = 1\nold = 2\n', "old")
    assert text == '__all__ = [\n    "a",\n]\na = 1\n'


def project(folder: Path, rules: str, *files: str) -> None:
    (folder / "enforcer.toml").write_text(rules)
    for name in files:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")


def rule(legacy: str, canonical: str) -> str:
    return f'[[rule]]\nlegacy = "{legacy}"\ncanonical = "{canonical}"\n'


def names(folder: Path, files: list[Path]) -> list[str]:
    return [file.relative_to(folder).as_posix() for file in files]


@pytest.mark.parametrize("top", ["", "src/"])
def test_module_leaves_with_its_stub(tmp_path: Path, top: str) -> None:
    files = (
        f"{top}shop/__init__.py",
        f"{top}shop/old.py",
        f"{top}shop/old.pyi",
        f"{top}shop/new.py",
    )
    project(tmp_path, rule("shop.old", "shop.new"), *files)
    migration_map = load_map(str(tmp_path / "enforcer.toml"))
    found = files_of(migration_map.rules[0], migration_map)
    assert names(tmp_path, found) == [f"{top}shop/old.py", f"{top}shop/old.pyi"]


def test_package_leaves_with_all_that_is_in_it(tmp_path: Path) -> None:
    files = ("__init__.py", "a.py", "data.json", "deep/b.py")
    project(
        tmp_path,
        rule("shop.old.*", "shop.new.*"),
        *("shop/__init__.py", "shop/new/__init__.py", "shop/older/__init__.py"),
        *(f"shop/old/{file}" for file in files),
    )
    migration_map = load_map(str(tmp_path / "enforcer.toml"))
    found = files_of(migration_map.rules[0], migration_map)
    assert names(tmp_path, found) == [f"shop/old/{file}" for file in files]


def test_code_of_a_distribution_is_its_authors(tmp_path: Path) -> None:
    """Its rule comes with the distribution; deleting files of an environment deletes nothing."""
    project(tmp_path, rule("click.testing", "click.other"))
    migration_map = load_map(str(tmp_path / "enforcer.toml"))
    with pytest.raises(EnforcerError, match=r"of the distribution click.*\(not-own-code\)"):
        require_own(migration_map.rules[0], migration_map)


def test_rule_below_goes_first(tmp_path: Path) -> None:
    rules = rule("shop.old.*", "shop.new.*") + rule("shop.old.tax", "taxes")
    project(tmp_path, rules)
    migration_map = load_map(str(tmp_path / "enforcer.toml"))
    with pytest.raises(EnforcerError, match=r"enforcer retire shop\.old\.tax \(rule-below\)"):
        require_childless(migration_map.rules[0], migration_map)
    require_childless(migration_map.rules[1], migration_map)
