"""What ten thousand live workspaces cost a request: the time of one with ten and with ten thousand, and their ratio."""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from flowproof.kernel.assembly import Settings, build_gateway
from flowproof.kernel.request import WireRequest
from tests.kernel.notes import provider

ROUNDS, REQUESTS = 15, 300


def main() -> None:
    """Measure both servers in turn, so that a busy machine disturbs both alike; print medians and their ratio."""
    servers = {}
    for count in (10, 10_000):
        mock = build_gateway([provider], Settings(entropy=1)).mock
        with mock.store.transaction():
            began = time.perf_counter()
            made = [mock.workspaces.create() for _ in range(count)]
            each_ms = (time.perf_counter() - began) * 1000 / count
        print(f"{count:6} workspaces made, {each_ms:.3f} ms each")
        keys = [mock.workspaces.credentials(workspace, "notes")[0].key for workspace in made[:: count // 10]]
        servers[count] = (mock, keys, [])
    for _ in range(ROUNDS):
        for mock, keys, times in servers.values():
            began = time.perf_counter()
            for number in range(REQUESTS):
                headers = (("x-key", keys[number % 10]), ("content-type", "application/json"))
                arrival = mock.arrive(WireRequest("POST", "/notes/notes", "", headers, b'{"text":"a"}'))
                assert mock.answer(arrival).status == 201
            times.append((time.perf_counter() - began) * 1e6 / REQUESTS)
    medians = {count: statistics.median(times) for count, (_, _, times) in servers.items()}
    for count, median in medians.items():
        print(f"{count:6} workspaces: {median:.0f} µs a request")
    print(f"ratio {medians[10_000] / medians[10]:.2f}")


if __name__ == "__main__":
    main()
