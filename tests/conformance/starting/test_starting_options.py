"""Each way of enabling, with each way of starting Python."""

import sys
import zipfile

import pytest

PROGRAM = """\
import sys
sys.path[:0] = [{folder!r}]
sys.path += [{library!r}]
{enable}
import shop.uses
shop.uses.use(20)
import shop.old as old
print(old.price())
"""
BEGINNINGS = {
    "script": ["app.py"],
    "-m": ["-m", "app"],
    "-c": ["-c", None],
    "standard input": ["-"],
    "zip application": ["app.pyz"],
    "-P": ["-P", "app.py"],
    "-I": ["-I", "app.py"],
    "-E": ["-E", "app.py"],
    "-s": ["-s", "app.py"],
    "-O": ["-O", "app.py"],
    "-B -u": ["-B", "-u", "app.py"],
    "-X dev": ["-X", "dev", "app.py"],
    "-X utf8=0": ["-X", "utf8=0", "app.py"],
    "-W error": ["-W", "error", "app.py"],
    "-S": ["-S", "app.py"],
}
FILES = {
    "-c": "<string>",
    "standard input": "<stdin>",
    "zip application": "app.pyz/__main__.py",
}
WAYS = ("environment", "enforcer run", "code")
# Without the site module nobody reads the enforcer's file in site-packages.
OFF = {("-S", "environment"), ("-S", "enforcer run")}


def rows(*, off):
    pairs = [(beginning, way) for beginning in BEGINNINGS for way in WAYS]
    return [pytest.param(*pair, id=", ".join(pair)) for pair in pairs if (pair in OFF) is off]


def start(world, library, beginning, way):
    enable, before = world.enable(way)
    program = PROGRAM.format(folder=str(world.folder), library=library, enable=enable)
    world.write("app.py", program)
    with zipfile.ZipFile(world.folder / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", program)
    words = [program if word is None else word for word in BEGINNINGS[beginning]]
    given = {"input": program} if beginning == "standard input" else {}
    return world.run([*(before or [sys.executable]), *words], **given)


@pytest.mark.parametrize(("beginning", "way"), rows(off=False))
def test_start(world, library, beginning, way):
    assert start(world, library, beginning, way) == "new\n"
    line = PROGRAM[: PROGRAM.index("import shop.old")].count("\n") + 1
    world.expect(20, (FILES.get(beginning, "app.py"), line, "<module>"))


@pytest.mark.parametrize(("beginning", "way"), rows(off=True))
def test_start_off(world, library, beginning, way):
    assert start(world, library, beginning, way) == "old\n"
    world.expect_nothing(20)
