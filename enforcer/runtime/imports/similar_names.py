"""Find the names that are most similar to a missing one.

``difflib`` would load ``re`` and more in the middle of the program's import.
"""

_MOST_COMPARED = 2000
_MOST_SHOWN = 3


def nearest_names(wanted: str, names: "list[str]") -> list[str]:
    """Return up to three names similar to the wanted one, the nearest first."""
    if wanted.startswith("_"):
        public = names
    else:
        public = [name for name in names if not name.startswith("_")]
    ranked = sorted(
        (_distance(wanted.lower(), name.lower()), name) for name in public[:_MOST_COMPARED]
    )
    limit = max(1, len(wanted) // 3)
    near = [name for distance, name in ranked if distance <= limit]
    inside = [name for name in public if wanted.lower() in name.lower() and name not in near]
    return (near + inside)[:_MOST_SHOWN]


def _distance(one: str, other: str) -> int:
    previous = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, candidate in enumerate(other, 1):
            current.append(
                min(
                    previous[column] + 1,
                    current[column - 1] + 1,
                    previous[column - 1] + (letter != candidate),
                )
            )
        previous = current
    return previous[-1]
