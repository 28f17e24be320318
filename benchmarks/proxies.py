"""
Proxies side by side before the same sandbox: python -m benchmarks.proxies FOLDER [--short]

FOLDER is where `npm install @stoplight/prism-cli` was run, and where `python -m venv venv` has mitmproxy installed.
Flowproof and Prism check every exchange against the same contract; Flowproof also keeps a journal of it. mitmproxy
does neither. The sandbox answers at once, so what is measured is the proxy. One connection shows the added latency.
"""

import sys
from contextlib import ExitStack
from pathlib import Path

from .loader import CONNECTIONS, Load, Measured, start
from .orders import full_order, template
from .results import FIGURES, bars, median, medians, table, write
from .servers import PROXIES, Server, proxy, sandbox

ROUNDS, SECONDS, WARM_UP_S = 5, 4.0, 2.0
DIRECT, OURS = "no proxy", "flowproof proxy"


def main() -> None:
    """Measure everybody in turn, write and print."""
    arguments = [each for each in sys.argv[1:] if each != "--short"]
    if len(arguments) != 1 or not (Path(arguments[0]) / "node_modules").is_dir():
        sys.exit(f"Name the folder with node_modules in it.\n{__doc__}")
    is_short = "--short" in sys.argv
    rounds, seconds = (3, 2.0) if is_short else (ROUNDS, SECONDS)
    many: dict[str, list[Measured]] = {name: [] for name in (DIRECT, *PROXIES)}
    one: dict[str, list[Measured]] = {name: [] for name in many}
    for number in range(rounds):
        for name, measured in many.items():
            with ExitStack() as stack:
                server = stack.enter_context(sandbox())
                if name != DIRECT:
                    server = stack.enter_context(proxy(name, Path(arguments[0]), server))
                _measure(server, CONNECTIONS, WARM_UP_S)
                measured.append(_measure(server, CONNECTIONS, seconds))
                one[name].append(_measure(server, 1, seconds))
            print(f"round {number + 1} of {rounds}: {name} {measured[-1].per_s:.0f}/s", file=sys.stderr)
    _tell(many, one, is_short=is_short)


def _measure(server: Server, connections: int, seconds: float) -> Measured:
    load = Load(server.port, server.path, server.headers, template(full_order()))
    return start(load, seconds, connections=connections).measured()


def _tell(many: dict[str, list[Measured]], one: dict[str, list[Measured]], *, is_short: bool) -> None:
    ours, alone = median(many[OURS], "per_s"), median(one[DIRECT], "p50_ms")
    rows = [
        (*medians(name, each), f"{ours / median(each, 'per_s'):.2f}", f"{median(one[name], 'p50_ms') - alone:.2f}")
        for name, each in many.items()
    ]
    text = table(("proxy", *FIGURES, "ours to it", "added ms"), rows)
    if is_short:
        text += "\n\nA short run, on a machine that did other work: it shows the order, not the size."
    figures = {
        "per_s": {name: [each.per_s for each in measured] for name, measured in many.items()},
        "one_connection_p50_ms": {name: [each.p50_ms for each in measured] for name, measured in one.items()},
    }
    write("proxies", "Proxies before the same sandbox", text, figures)
    values = {name: median(measured, "per_s") for name, measured in many.items()}
    bars("proxies", "Order POSTs per second through a proxy", values, "requests per second", (OURS,))


if __name__ == "__main__":
    main()
