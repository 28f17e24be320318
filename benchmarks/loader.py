"""The load generator: wrk, one thread, on the same cores as the server. Debian's package is called wrk."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from .orders import Template

__all__ = ["Load", "Measured", "Running", "start"]

CONNECTIONS = 16
SCRIPT = """
local counter = %(first)d
local headers = {%(headers)s}
request = function()
  counter = counter + 1
  return wrk.format("POST", %(path)s, headers[counter %% #headers + 1], %(before)s .. "N" .. counter .. %(after)s)
end
done = function(summary, latency, requests)
  io.write(string.format('\\n{"requests":%%d,"us":%%d,"p50":%%d,"p99":%%d,"failed":%%d}\\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99), summary.errors.status + summary.errors.timeout
    + summary.errors.connect + summary.errors.read + summary.errors.write))
end
"""
FIRST = count(1)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one round measured: requests a second, median and 99th percentile in milliseconds, how many failed."""

    per_s: float
    p50_ms: float
    p99_ms: float
    failed: int
    requests: int


@dataclass(frozen=True, slots=True)
class Load:
    """
    POSTs of orders to a path of a server on loopback, each with a number nobody else has.

    Args:
        port: Of the server.
        path: Of the operation.
        headers: Of each request.
        template: Its body.
        others: The headers of other workspaces, which take turns with the first.
    """

    port: int
    path: str
    headers: Mapping[str, str]
    template: Template
    others: Sequence[Mapping[str, str]] = ()


@dataclass(slots=True)
class Running:
    """A load at work."""

    process: subprocess.Popen[str]
    folder: tempfile.TemporaryDirectory[str]

    def measured(self) -> Measured:
        """What it came to, when it has ended."""
        output, _ = self.process.communicate()
        self.folder.cleanup()
        if self.process.returncode != 0:
            raise SystemExit(f"wrk failed: {output}")
        summary = json.loads(output.strip().splitlines()[-1])
        return Measured(
            per_s=summary["requests"] / (summary["us"] / 1e6),
            p50_ms=summary["p50"] / 1000,
            p99_ms=summary["p99"] / 1000,
            failed=summary["failed"],
            requests=summary["requests"],
        )


def start(load: Load, seconds: float, *, connections: int = CONNECTIONS) -> Running:
    """Begin a round; ``measured()`` of what it gives waits for its end."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: install it first, on Debian with apt-get install wrk.")
    folder = tempfile.TemporaryDirectory()
    script = Path(folder.name) / "load.lua"
    before, after = load.template
    script.write_text(
        SCRIPT
        % {
            "first": next(FIRST) * 10_000_000,
            "path": _lua(load.path),
            "headers": ",".join(_lua_table(each) for each in (load.headers, *load.others)),
            "before": _lua(before),
            "after": _lua(after),
        },
        encoding="utf-8",
    )
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "-s", str(script)]
    process = subprocess.Popen(
        [*command, f"http://127.0.0.1:{load.port}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return Running(process, folder)


def _lua_table(values: Mapping[str, str]) -> str:
    return "{" + ",".join(f"[ {_lua(name)} ]={_lua(value)}" for name, value in values.items()) + "}"


def _lua(text: str) -> str:
    return f"[==[{text}]==]"
