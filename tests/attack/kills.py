"""kill -9 of a server that is writing: whatever it has acknowledged is there when it starts again."""

import threading
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import requests

from flowproof.clients.dots_eco import DotsEco
from flowproof.clients.errors import ClientError
from tests.attack.bad_requests import Result
from tests.attack.served import Served

__all__ = ["attack"]

CLIENTS = 4
KEPT = 201  # the "status" of a write that was acknowledged and is there


def attack(*, seconds: float, rounds: int, seed: int) -> Result:
    """
    Kill a server again and again while clients write to it.

    Args:
        seconds: Budget.
        rounds: Budget; 0 for none.
        seed: What the moments are drawn from.
    """
    rng, result, deadline, done = Random(seed), Result(), monotonic() + seconds, 0
    with TemporaryDirectory(prefix="flowproof-kill-") as folder:
        state, acknowledged = Path(folder) / "state.db", set[str]()
        while monotonic() < deadline and (not rounds or done < rounds):
            with Served("dots_eco", state=str(state)) as server:
                _compare(server, acknowledged, result)
                _write_and_kill(server, acknowledged, rng)
            done += 1
        with Served("dots_eco", state=str(state)) as server:
            _compare(server, acknowledged, result)
            result.failures += [f"log: {line}" for line in server.tracebacks()]
        result.statuses[KEPT] = len(acknowledged)
    return result


def _compare(server: Served, acknowledged: set[str], result: Result) -> None:
    cards = requests.get(f"{server.url}/_flowproof/workspaces/default/dots_eco/cards", timeout=30).json()["cards"]
    missing = acknowledged - {each["card_id"] for each in cards}
    if missing:
        result.failures.append(f"{len(missing)} cards were acknowledged and are lost")
        acknowledged -= missing


def _write_and_kill(server: Served, acknowledged: set[str], rng: Random) -> None:
    seed = requests.get(f"{server.url}/_flowproof/workspaces/default/seed/dots_eco", timeout=30).json()
    own = server.providers["dots_eco"]
    offers = [each for each in seed["skus"] if seed["applications"][0]["app_token"] in each["applications"]]
    application, sku = seed["applications"][0]["app_token"], offers[0]["sku"]

    def write() -> None:
        client = DotsEco(own["base_url"], own["credentials"]["default"]["key"])
        try:
            while True:
                acknowledged.add(client.create_card(application, sku).card_id)
        except ClientError:
            return  # the server is gone

    writers = [threading.Thread(target=write) for _ in range(CLIENTS)]
    for each in writers:
        each.start()
    sleep(rng.uniform(0.2, 1.0))
    server.kill()
    for each in writers:
        each.join()
