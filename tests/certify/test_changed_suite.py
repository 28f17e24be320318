"""Files of an installed suite that are not those of its wheel."""

import sys
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec import structs

from flowproof.certify.events import RunStarted
from flowproof.certify.report import json_report
from flowproof.certify.suite import changed_files
from tests.certify.streams import passed, report_of

FILES = {
    "acme_suite/__init__.py": b"",
    "acme_suite/suite/test_it.py": b"def test_it(): ...\n",
    "acme_suite/a.toml": b"",
}


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite as pip installs it, with the list of its files."""
    lines = []
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
        digest = urlsafe_b64encode(sha256(content).digest()).decode().rstrip("=")
        lines.append(f"{name},sha256={digest},{len(content)}")
    metadata = tmp_path / "acme_suite-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-suite\nVersion: 1.0\n")
    (metadata / "RECORD").write_text("\n".join([*lines, "acme_suite-1.0.dist-info/RECORD,,", ""]))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return tmp_path / "acme_suite" / "suite"


def test_suite_as_installed_has_no_changed_file(suite: Path) -> None:
    """A suite whose files are those of its wheel is unchanged; bytecode does not count."""
    (suite / "__pycache__").mkdir()
    (suite / "__pycache__" / "test_it.cpython-311.pyc").write_bytes(b"1")

    assert changed_files(suite) == ()


def test_changed_missing_and_added_files_are_named(suite: Path) -> None:
    """A changed file, a missing one and a module that was added are each named, beside the suite too."""
    (suite / "test_it.py").write_text("def test_it(): return\n")
    (suite / "conftest.py").write_text("")
    (suite.parent / "a.toml").unlink()

    assert changed_files(suite) == ("acme_suite/a.toml", "acme_suite/suite/conftest.py", "acme_suite/suite/test_it.py")


def test_folder_of_ones_own_is_compared_with_nothing(tmp_path: Path) -> None:
    """A suite that no distribution brought, and a checkout, have no list of files."""
    assert changed_files(tmp_path) == ()


def test_changed_suite_gets_no_certificate() -> None:
    """A report of a changed suite names the files and stands against a certificate; another has no such member."""
    first, *others = passed()
    assert isinstance(first, RunStarted)
    changed = report_of([structs.replace(first, changed_files=("acme_suite/suite/test_it.py",)), *others])

    assert changed.suite.changed_files == ("acme_suite/suite/test_it.py",)
    assert changed.refusals[0].endswith("was changed since it came from its wheel: acme_suite/suite/test_it.py")
    assert b"changed_files" not in json_report(report_of(passed()))
