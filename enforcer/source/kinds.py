"""Kinds of files that may name a module's path, by the files' names."""

from typing import Final

from enforcer.findings import NOTEBOOK, PYTHON

_BY_SUFFIX: Final = {
    ".py": PYTHON,
    ".pyw": PYTHON,
    ".pyi": PYTHON,
    ".ipynb": NOTEBOOK,
    ".toml": "toml",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".ini": "ini",
    ".cfg": "ini",
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
}
_BY_STEM: Final = {"dockerfile": "dockerfile", "containerfile": "dockerfile"}

# What export writes, and what a linter or an import contract is configured with: these files name
# legacy paths to forbid them.
_FORBIDDING: Final = frozenset((".importlinter",))


def is_python(name: str) -> bool:
    """Return whether a file is Python source, by its name."""
    return kind_of(name) == PYTHON


def kind_of(name: str) -> str:
    """Return the kind of a file by its name, without its folder; empty for one of no interest."""
    if name in _FORBIDDING:
        return ""
    stem, dot, suffix = name.rpartition(".")
    kind = _BY_SUFFIX.get(f".{suffix.lower()}", "") if dot and stem else ""
    if kind:
        return kind
    # Dockerfile, Dockerfile.web and web.Dockerfile.
    return _BY_STEM.get(name.partition(".")[0].lower()) or _BY_STEM.get(suffix.lower(), "")
