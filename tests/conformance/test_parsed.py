"""The cache of parsed contract files."""

import marshal
import sys
from pathlib import Path
from typing import Any

import pytest

from flowproof.conformance.parsed import parse_cached


class Parser:
    """Counts its calls."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str) -> Any:
        self.texts.append(text)
        return {"text": text}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of a contract in a folder that can have a cache."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    return tmp_path / "contracts" / "openapi.yaml"


def kept(file: Path) -> list[Path]:
    """The files of the cache."""
    return list(file.parent.glob("__pycache__/*"))


def test_text_is_parsed_once(file: Path) -> None:
    """A text that was parsed before is not parsed again."""
    parser = Parser()

    assert [parse_cached(file, "a: 1", parser) for _ in range(3)] == [{"text": "a: 1"}] * 3
    assert parser.texts == ["a: 1"]
    assert len(kept(file)) == 1


def test_changed_text_is_parsed_anew(file: Path) -> None:
    """A changed text is parsed again, whatever the times of the file."""
    parser = Parser()
    values = [parse_cached(file, text, parser) for text in ("one", "two", "one")]

    assert [value["text"] for value in values] == parser.texts == ["one", "two", "one"]


@pytest.mark.parametrize("garbage", [b"", b"nothing", marshal.dumps(7), marshal.dumps((b"of another text", {}))])
def test_damaged_copy_is_parsed_anew(file: Path, garbage: bytes) -> None:
    """A damaged or foreign cache file is replaced."""
    parse_cached(file, "a", Parser())
    kept(file)[0].write_bytes(garbage)
    parser = Parser()

    assert [parse_cached(file, "a", parser) for _ in range(2)] == [{"text": "a"}] * 2
    assert parser.texts == ["a"]


def test_nothing_is_kept_where_python_keeps_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without bytecode files there is no cache file."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    parse_cached(file, "a", Parser())

    assert kept(file) == []


def test_place_that_cannot_be_written_is_no_trouble(file: Path) -> None:
    """Where the cache cannot be written, the text is parsed each time."""
    file.parent.mkdir()
    (file.parent / "__pycache__").write_bytes(b"")

    assert parse_cached(file, "a", Parser()) == {"text": "a"}


def test_what_is_wrong_with_a_text_is_raised_each_time(file: Path) -> None:
    """A text that cannot be parsed leaves no cache file."""

    def refuse(text: str) -> Any:
        raise ValueError(text)

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            parse_cached(file, "broken", refuse)

    assert kept(file) == []
