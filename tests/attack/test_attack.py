"""A small budget of each attack, the same each time."""

from tests.attack import archives, bad_requests, kills
from tests.attack.served import Served

ENOUGH_S = 120.0  # the budget is the number; the time ends a test that hangs


def test_bad_requests_are_answered_and_cost_little() -> None:
    """
    Three thousand generated bad requests get no 5xx, leave no traceback, and none takes the server a second. Of those
    that are documented ones with a few changes and a right signature, every provider accepts some.
    """
    with Served() as server:
        result = bad_requests.attack(server, seconds=ENOUGH_S, requests=3000, seed=1)
        providers = set(server.providers)

    assert result.failures == []
    assert result.statuses.total() >= 3000
    assert set(result.accepted) == providers


def test_acknowledged_writes_survive_kill_9() -> None:
    """
    A server that is killed while clients write has lost nothing of what it had acknowledged.
    """
    result = kills.attack(seconds=ENOUGH_S, rounds=2, seed=1)

    assert result.failures == []
    assert result.statuses.total() > 0


def test_damaged_certificates_are_refused() -> None:
    """
    A thousand damaged certificates are refused, each with a sentence.
    """
    result = archives.attack(seconds=ENOUGH_S, archives=1000, seed=1)

    assert (result.failures, result.statuses.total()) == ([], 1000)
