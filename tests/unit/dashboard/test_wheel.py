"""Templates and assets are in the wheel."""

from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[3]


def test_pages_are_in_the_wheel() -> None:
    """Every template, stylesheet and script of the source is among the wheel's files."""
    packed = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    folder = ROOT / "enforcer/dashboard"
    needed = {
        str(file.relative_to(ROOT))
        for part in ("templates", "static")
        for file in (folder / part).iterdir()
    }
    assert len(needed) > 12
    assert needed <= packed
