"""Find the distribution that owns a file, in folders laid out as installers leave them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.recording import distributions
from enforcer.recording.distributions import distribution_of


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    distributions.forget()
    yield
    distributions.forget()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "lib/python3.11/site-packages"
    folder.mkdir(parents=True)
    return folder


def install(site: Path, name: str, *files: str, **metadata: str) -> None:
    """Lay out a distribution as pip does."""
    folder = site / f"{name.replace('-', '_')}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (folder / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))
    for file, text in metadata.items():
        (folder / file.replace("__", ".")).write_text(text)


def test_package(site: Path) -> None:
    """A file in a package belongs to the distribution that installed it."""
    install(site, "acme-tools", "acme/__init__.py", "acme/jobs.py")
    install(site, "other", "other/__init__.py")

    assert distribution_of(f"{site}/acme/jobs.py") == "acme-tools"


def test_single_module(site: Path) -> None:
    """A module without a package is found by its own name."""
    install(site, "acme-tools", "acme.py")

    assert distribution_of(f"{site}/acme.py") == "acme-tools"


def test_shared_namespace_package(site: Path) -> None:
    """Where two distributions share a package, the list of files decides."""
    install(site, "acme-api", "acme/api/__init__.py")
    install(site, "acme-sdk", "acme/sdk/__init__.py")

    assert distribution_of(f"{site}/acme/sdk/__init__.py") == "acme-sdk"
    assert distribution_of(f"{site}/acme/api/__init__.py") == "acme-api"


def test_file_that_nobody_lists_in_a_shared_package(site: Path) -> None:
    """Nobody is named where it would be a guess."""
    install(site, "acme-api", "acme/api/__init__.py")
    install(site, "acme-sdk", "acme/sdk/__init__.py")

    assert distribution_of(f"{site}/acme/generated.py") == ""


def test_generated_file_in_an_owned_package(site: Path) -> None:
    """A file that appeared after the installation belongs to its package's only owner."""
    install(site, "acme-tools", "acme/__init__.py")

    assert distribution_of(f"{site}/acme/generated_pb2.py") == "acme-tools"


def test_path_with_a_comma(site: Path) -> None:
    """Quoted paths of a RECORD are read."""
    install(site, "acme-api", '"acme/a,b.py"')
    install(site, "acme-sdk", "acme/sdk.py")

    assert distribution_of(f"{site}/acme/a,b.py") == "acme-api"


def test_egg_info_of_an_older_installer(site: Path) -> None:
    """Without a RECORD the listed top-level names decide."""
    folder = site / "PyAcme-2.0.egg-info"
    folder.mkdir()
    (folder / "PKG-INFO").write_text("Metadata-Version: 1.1\nName: PyAcme\n")
    (folder / "top_level.txt").write_text("acme\n_acme\n")

    assert distribution_of(f"{site}/acme/core.py") == "PyAcme"


def test_metadata_in_a_single_file(site: Path) -> None:
    """Metadata without any list of files speaks for the module of its name."""
    (site / "acme-2.0.egg-info").write_text("Metadata-Version: 1.1\nName: acme\n")

    assert distribution_of(f"{site}/acme.py") == "acme"


def test_egg(site: Path) -> None:
    """A file in an egg belongs to the egg."""
    assert distribution_of(f"{site}/acme-1.0-py3.11.egg/acme/core.py") == "acme"


def test_editable_install(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file under the project folder of an editable install belongs to it."""
    project = tmp_path / "my project"
    origin = {"url": project.as_uri(), "dir_info": {"editable": True}}
    install(site, "acme-tools", "_acme.pth", direct_url__json=json.dumps(origin))
    monkeypatch.setattr(sys, "path", [str(site)])

    assert distribution_of(f"{project}/src/acme/jobs.py") == "acme-tools"
    assert distribution_of(f"{tmp_path}/elsewhere/jobs.py") == ""


def test_folder_that_was_filled_with_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any folder on sys.path with metadata in it counts (``pip install --target``)."""
    install(tmp_path, "acme-tools", "acme/__init__.py")
    monkeypatch.setattr(sys, "path", ["", str(tmp_path)])

    assert distribution_of(f"{tmp_path}/acme/__init__.py") == "acme-tools"


@pytest.mark.parametrize(
    "file", ["shop/views.py", "", "<string>", "<other call sites>", "/nowhere/site-packages/a.py"]
)
def test_files_of_nobody(file: str) -> None:
    """Own code, code without a file and folders that do not exist have no distribution."""
    assert distribution_of(file) == ""


def test_broken_metadata(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metadata that makes no sense is an empty answer, never an error."""
    install(site, "acme-tools", "a.pth", direct_url__json='["editable", ')
    monkeypatch.setattr(sys, "path", [str(site)])

    assert distribution_of("/srv/app/jobs.py") == ""


def test_real_environment() -> None:
    """In the environment of these tests pytest owns its files."""
    assert distribution_of(str(Path(pytest.__file__))) == "pytest"


@pytest.mark.process
def test_loads_nothing_that_starts_threads(environ: dict[str, str]) -> None:
    """Looking up, also an editable install, never imports threading."""
    code = (
        "import sys; from enforcer.recording.distributions import distribution_of as of;"
        f"assert of({pytest.__file__!r}) == 'pytest'; of('/srv/app/jobs.py');"
        "sys.exit('threading' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], env=environ, check=False).returncode == 0


def test_answers_are_bounded(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program with more files than are remembered gets the right answers all the same."""
    install(site, "acme-tools", "acme/__init__.py")
    monkeypatch.setattr(distributions, "MAX_ANSWERS", 3)
    for number in range(10):
        assert distribution_of(f"{site}/acme/{number}.py") == "acme-tools"
        assert len(distributions._answers) == number % 3 + 1  # noqa: SLF001 - its bound


def test_what_is_installed_later_is_found_once_all_is_forgotten(site: Path) -> None:
    """Neither the file's answer nor what was read of its folder is kept."""
    install(site, "other", "other/__init__.py")
    assert distribution_of(f"{site}/acme/jobs.py") == ""
    install(site, "acme-tools", "acme/__init__.py")
    assert distribution_of(f"{site}/acme/jobs.py") == ""
    assert distribution_of(f"{site}/acme/more.py") == ""

    distributions.forget()

    assert distribution_of(f"{site}/acme/jobs.py") == "acme-tools"


def test_metadata_without_a_name_is_nobodys(site: Path) -> None:
    """The folder of an installation that was broken off is passed by."""
    install(site, "acme-tools", "acme/__init__.py")
    (site / "broken-1.0.dist-info").mkdir()
    (site / "broken-1.0.dist-info" / "METADATA").write_text("Version: 1.0\n")

    assert distribution_of(f"{site}/acme/jobs.py") == "acme-tools"
