"""Real packages from PyPI: one that moved, and one that somebody else imports."""

import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import Cryptodome
import pytest

from tests.patience import PATIENCE, environment_without

pytestmark = pytest.mark.component("pip")  # which every environment has: these take minutes

ENVIRONMENT = environment_without("ENFORCER_", "PYTHON")

# PyCrypto's tree is gone; pycryptodomex has the same modules below another name.
MOVED = """
[[rule]]
legacy = "Crypto.*"
canonical = "Cryptodome.*"
reason = "PyCrypto is no longer maintained"
"""

CALLERS = '''\
"""Use a crypto package by its old name, as programs written for PyCrypto do."""
import importlib
import pickle
import threading


def encrypt():
    from Crypto.Cipher import AES

    key = bytes(range(16))
    return AES.new(key, AES.MODE_ECB).encrypt(bytes.fromhex("00112233445566778899aabbccddeeff"))


def digest():
    import Crypto.Hash.SHA256 as sha

    return sha.new(b"abc").hexdigest()


def by_name():
    return importlib.import_module("Crypto.Hash.MD5").new(b"").hexdigest()


def stored():
    return pickle.loads(b"cCrypto.Hash.SHA1\\nSHA1Hash\\n.").digest_size


def ask():
    for _ in range(25):
        assert encrypt().hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"
        assert digest() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        assert by_name() == "d41d8cd98f00b204e9800998ecf8427e"
        assert stored() == 20


threads = [threading.Thread(target=ask) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

import Crypto.Cipher.AES
import Cryptodome.Cipher.AES

assert vars(Crypto.Cipher.AES) is vars(Cryptodome.Cipher.AES)
'''


def enforcer(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "enforcer", *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def report(folder: Path) -> Any:  # noqa: ANN401 - JSON
    return json.loads(enforcer(folder, "report", "--format", "json").stdout)


def test_a_tree_that_moved_is_used_by_its_old_name(tmp_path: Path) -> None:
    (tmp_path / "enforcer.toml").write_text(MOVED)
    (tmp_path / "program.py").write_text(CALLERS)
    enforcer(tmp_path, "run", "--", "program.py")

    (rule,) = report(tmp_path)["rules"]
    seen = {
        (site["path"], site["function"], site["mechanism"]): site["uses"]
        for site in rule["call_sites"]
    }
    assert seen == {
        ("Crypto.Cipher.AES", "encrypt", "import_statement"): 100,
        ("Crypto.Hash.SHA256", "digest", "import_statement"): 100,
        ("Crypto.Hash.MD5", "by_name", "import_module"): 100,
        ("Crypto.Hash.SHA1", "stored", "pickle"): 100,
        ("Crypto.Cipher.AES", "<module>", "import_statement"): 1,
    }
    assert rule["uses"] == 401


def test_its_own_test_suite_passes_under_the_old_name(tmp_path: Path) -> None:
    """The package's hash tests, with every import of theirs written as PyCrypto's."""
    assert importlib.metadata.version("pycryptodomex") == "3.24.2"
    source = Path(Cryptodome.__file__).parent / "SelfTest"
    suite = tmp_path / "suite"
    shutil.copytree(source / "Hash", suite / "Hash", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("loader.py", "st_common.py", "__init__.py"):
        shutil.copy(source / name, suite / name)
    statements: Counter[str] = Counter()
    for file in suite.rglob("*.py"):
        text = file.read_text(encoding="utf-8").replace("Cryptodome.SelfTest", "suite")
        file.write_text(text.replace("Cryptodome", "Crypto"), encoding="utf-8")
        statements[file.name] = text.count("Cryptodome")
    (tmp_path / "enforcer.toml").write_text(MOVED)
    (tmp_path / "program.py").write_text(
        "import warnings, unittest\n"
        "warnings.simplefilter('ignore')\n"
        "from suite import Hash\n"
        "suite = unittest.TestSuite(Hash.get_tests())\n"
        "result = unittest.TextTestRunner(verbosity=0).run(suite)\n"
        "assert result.wasSuccessful() and result.testsRun > 400, result\n"
    )
    enforcer(tmp_path, "run", "--", "program.py")

    (rule,) = report(tmp_path)["rules"]
    callers = {site["file"] for site in rule["call_sites"]}
    assert {f"suite/Hash/{name}" for name in ("test_SHA1.py", "test_CMAC.py")} <= callers
    assert all(site["file"].startswith("suite/") for site in rule["call_sites"])
    assert sum(statements.values()) > len(rule["call_sites"]) > 40


def test_a_package_is_observed_in_a_real_program(tmp_path: Path) -> None:
    """`python -m requests.help` prints the same, and requests' own imports are seen."""
    plain = subprocess.run(
        [sys.executable, "-m", "requests.help"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / "enforcer.toml").write_text(
        '[[rule]]\nlegacy = "urllib3.*"\ncanonical = "urllib4.*"\nstage = "observe"\n'
        '[[rule]]\nlegacy = "idna"\ncanonical = "idna2"\nstage = "observe"\n'
    )
    observed = enforcer(tmp_path, "run", "--", "-m", "requests.help")
    assert observed.stdout == plain.stdout
    assert observed.stderr == plain.stderr

    rules = {rule["legacy"]: rule for rule in report(tmp_path)["rules"]}
    sites = rules["urllib3.*"]["call_sites"]
    assert {site["relation"] for site in sites} == {"third_party"}
    by_distribution = Counter(site["distribution"] for site in sites)
    assert by_distribution["requests"] > 10
    assert by_distribution["urllib3"] > 10
    adapters = {site["path"] for site in sites if site["file"].endswith("requests/adapters.py")}
    assert {"urllib3.exceptions", "urllib3.poolmanager", "urllib3.util.retry"} <= adapters
    assert rules["idna"]["uses"] >= 1
    assert {site["distribution"] for site in rules["idna"]["call_sites"]} >= {"requests"}


def test_a_module_that_came_too_early_is_said_in_the_report(tmp_path: Path) -> None:
    """Enabled in code, after the first import, the report says what it can't know."""
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "colorsys"\ncanonical = "wave"\n')
    (tmp_path / "program.py").write_text(
        "import colorsys\nimport enforcer\nenforcer.enable('enforcer.toml')\n"
        "from colorsys import open as opened\nimport wave\nassert opened is wave.open\n"
    )
    subprocess.run([sys.executable, "program.py"], cwd=tmp_path, env=ENVIRONMENT, check=True)
    document = report(tmp_path)
    assert [notice["kind"] for notice in document["notices"]] == ["late"]
    assert document["rules"][0]["uses"] == 1
    assert "late: " in enforcer(tmp_path, "report").stdout
