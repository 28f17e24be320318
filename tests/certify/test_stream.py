"""The seal of a run's events: what nobody has sealed does not count, and nothing of others is sealed."""

from pathlib import Path

import pytest

from flowproof.certify.events import dump
from flowproof.certify.stream import append, events_of, repair, seal_of, sealed_size
from flowproof.errors import ConfigurationError
from tests.certify.streams import Stream, passed


def test_lines_of_a_killed_process_are_cut_off(tmp_path: Path) -> None:
    """What a killed process wrote and did not seal is cut off by the next one, and the seal holds."""
    file = tmp_path / "events.jsonl"
    first, *others = passed()
    append(file, first)
    with file.open("ab") as stream:
        stream.write(dump(others[0]) + b'{"half')
    append(file, *others[1:])
    repair(file)

    assert list(events_of(file)) == [first, *others[1:]]
    assert sealed_size(file) == file.stat().st_size


def test_unsealed_events_are_never_sealed(tmp_path: Path) -> None:
    """A file that has events and no seal gets none, so that no run goes on from it; its events stay."""
    file = tmp_path / "events.jsonl"
    (started,) = Stream().events
    file.write_bytes(dump(started))
    append(file, started)

    assert (list(events_of(file)), seal_of(file).exists()) == ([started, started], False)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        repair(file)
