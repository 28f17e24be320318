"""What was done to a mock between requests, as a case has it."""

from typing import Any

import pytest

from flowproof.recording.binding import Bindings
from flowproof.recording.control import control_steps
from flowproof.recording.exchanges import ControlCall


@pytest.mark.parametrize(
    ("path", "kept"),
    [("webhooks/adversary", {"signature": "wrong"}), ("seed/acme", {"signature": "hidden"})],
)
def test_adversary_is_told_what_it_was_told(path: str, kept: dict[str, Any]) -> None:
    """What goes wrong with a signature on purpose is no secret, as a signature elsewhere is."""
    call = ControlCall("PUT", path, {"signature": "wrong"}, None, None)

    (step,) = control_steps([call], 1, {}, lambda _, leaf: "hidden" if leaf.names else leaf.value, Bindings([[]], [[]]))

    assert step == {"method": "PUT", "path": path, "body": kept}
