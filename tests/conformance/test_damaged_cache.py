"""The cache of parsed contracts survives any damage."""

import sys
from pathlib import Path

import pytest

from flowproof.conformance.parsed import _place, parse_cached


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose parsed value is cached."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "contract.yaml"
    file.write_text("a: 1")
    parse_cached(file, "a: 1", lambda _: {"a": [1, "text"]})
    return file


def test_parsed_value_is_read_from_the_cache(cached: Path) -> None:
    """A text that was parsed before is not parsed again."""

    def fail(_: str) -> None:
        raise AssertionError

    assert parse_cached(cached, "a: 1", fail) == {"a": [1, "text"]}


@pytest.mark.parametrize("damage", [b"", b"[\xff\xff\xff\x7f", b"\x00" * 100, b"{" * 1000])
def test_damaged_cache_is_parsed_anew(cached: Path, damage: bytes) -> None:
    """A damaged cache, also one that promises a huge length, is as good as none."""
    kept = _place(cached).read_bytes()
    _place(cached).write_bytes(kept[:64] + damage)

    assert parse_cached(cached, "a: 1", lambda _: "parsed anew") == "parsed anew"


def test_changed_byte_of_the_cache_is_noticed(cached: Path) -> None:
    """Whichever byte of the cache is changed, its value is not used."""
    kept = _place(cached).read_bytes()
    for at in range(len(kept)):
        _place(cached).write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])

        assert parse_cached(cached, "a: 1", lambda _: "parsed anew") == "parsed anew"
