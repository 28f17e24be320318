"""``flowproof verify`` and ``flowproof keygen``: what they say, and how they end."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flowproof.certify.certificate import issue_certificate
from flowproof.certify.events import Event, TargetInfo
from flowproof.certify.keys import read_private_key
from flowproof.cli import main
from tests.certify.streams import MOCK, Stream, passed, report_of
from tests.certify.tampering import lines


def run(*arguments: object) -> Result:
    """A call of the command line."""
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key, made by the command."""
    assert run("keygen", tmp_path / "ada").exit_code == 0
    return tmp_path / "ada"


def certified(key: Path, events: list[Event], *, ago: timedelta = timedelta(0)) -> Path:
    """A certificate of a run, issued some time ago."""
    file = key.with_name("acme.flowproof")
    at = datetime.now(UTC) - ago
    file.write_bytes(issue_certificate(report_of(events), lines(events), read_private_key(key), at=at))
    return file


def recent(target: TargetInfo | None = None) -> list[Event]:
    """A run that ended a day ago."""
    stream = Stream(now=datetime.now(UTC) - timedelta(days=1)) if target is None else Stream(target)
    stream.create(stream.run("test_sku", "acme.order.sku"), "order o-\x1b[31m7")
    return stream.end()


def test_keygen_tells_both_files_and_the_fingerprint(tmp_path: Path) -> None:
    """Both files are named with what they are for, and the fingerprint is the one that verify shows."""
    result = run("keygen", tmp_path / "key").output

    assert [line.split()[:2] for line in result.splitlines()] == [
        ["private", "key"],
        ["public", "key"],
        ["fingerprint", result.split()[-1]],
    ]
    assert {each.name for each in tmp_path.iterdir()} == {"key", "key.pub"}


def test_keygen_overwrites_nothing(key: Path) -> None:
    """A key that is there already stays, and the run was misconfigured."""
    before = key.read_bytes()

    again = run("keygen", key)

    assert (again.exit_code, key.read_bytes()) == (2, before)
    assert "is there already" in again.output


def test_trusted_certificate_is_valid(key: Path) -> None:
    """With the signer's public key the certificate is valid, and its content is shown without control characters."""
    result = run("verify", certified(key, recent()), "--key", f"{key}.pub")

    assert (result.exit_code, result.output.splitlines()[0]) == (0, "VALID  Acme on Acme's sandbox")
    assert "1 of 1 requirement judged; 1 of 1 mandatory one" in result.output
    assert "(which you trust)" in " ".join(result.output.split())
    assert "\x1b[31m" not in result.output
    assert "Left behind on the target: 1" in result.output


@pytest.mark.parametrize("keys", [[], ["other"]], ids=["no key", "another key"])
def test_untrusted_certificate_ends_with_one(key: Path, tmp_path: Path, keys: list[str]) -> None:
    """Without a key, or with another one, the certificate is shown but not trusted, with its fingerprint."""
    run("keygen", tmp_path / "other")
    arguments = [part for each in keys for part in ("--key", tmp_path / f"{each}.pub")]

    result = run("verify", certified(key, recent()), *arguments)

    assert (result.exit_code, result.output.split("  ")[0]) == (1, "NOT TRUSTED")
    assert ("none of the keys given" if keys else "trust was not checked") in " ".join(result.output.split())


def test_one_of_several_keys_is_enough(key: Path, tmp_path: Path) -> None:
    """Of several keys one has to be the signer's."""
    run("keygen", tmp_path / "other")

    result = run("verify", certified(key, recent()), "--key", tmp_path / "other.pub", "--key", f"{key}.pub")

    assert result.exit_code == 0


def test_invalid_certificate_ends_with_one(key: Path) -> None:
    """A changed certificate is invalid, in one line, for programs too."""
    file = certified(key, recent())
    file.write_bytes(file.read_bytes() + b"\0")

    result, for_programs = run("verify", file, "--key", f"{key}.pub"), run("verify", file, "--json")

    assert (result.exit_code, result.output.startswith("INVALID  The file was changed")) == (1, True)
    assert (for_programs.exit_code, json.loads(for_programs.output)["valid"]) == (1, False)


def test_expired_certificate_ends_with_one(key: Path) -> None:
    """A certificate that has expired is invalid, whoever signed it."""
    ago = timedelta(days=91)
    stream = Stream(now=datetime.now(UTC) - ago - timedelta(hours=1))
    stream.run("test_sku", "acme.order.sku")

    result = run("verify", certified(key, stream.end(), ago=ago), "--key", f"{key}.pub")

    assert (result.exit_code, "It expired on" in result.output) == (1, True)


def test_mock_is_said_to_be_one(key: Path) -> None:
    """A certificate of a mock says that it says nothing of the provider."""
    result = run("verify", certified(key, recent(MOCK)), "--key", f"{key}.pub")

    assert "A MOCK made by Flowproof" in result.output


def test_programs_read_json(key: Path) -> None:
    """For programs there is everything that the certificate says."""
    result = json.loads(run("verify", certified(key, recent()), "--key", f"{key}.pub", "--json").output)

    assert (result["valid"], result["trusted"], result["certificate"]["certifies"]["verdict"]) == (True, True, "PASS")


def test_views_are_written_from_what_was_verified(key: Path, tmp_path: Path) -> None:
    """The page and the other views are no part of the certificate, and are written from what was verified."""
    done = run("verify", certified(key, recent()), "--key", f"{key}.pub", "--report", tmp_path / "views")

    assert done.exit_code == 0
    assert {"report.html", "junit.xml"} <= {each.name for each in (tmp_path / "views").iterdir()}
    assert "acme.order.sku" in (tmp_path / "views" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [None, b"", b"hello", b"\x89PNG"])
def test_what_is_no_certificate_ends_with_two(key: Path, content: bytes | None) -> None:
    """A file that is missing, or something else, cannot be read: the run was misconfigured."""
    file = key.with_name("other")
    if content is not None:
        file.write_bytes(content)

    result = run("verify", file)

    assert (result.exit_code, "flowproof certify --sign" in result.output) == (2, True)


def test_key_that_is_none_ends_with_two(key: Path) -> None:
    """A private key, or anything else, is no public key."""
    result = run("verify", certified(key, recent()), "--key", key)

    assert (result.exit_code, "no public key" in result.output) == (2, True)


def test_old_run_is_told_with_its_time(key: Path) -> None:
    """The run's own time is shown, however late the certificate was issued."""
    result = run("verify", certified(key, passed()), "--key", f"{key}.pub")

    assert "run-1, 2026-03-05 12:00" in result.output
