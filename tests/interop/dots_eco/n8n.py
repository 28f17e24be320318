"""Executions of the provider's own n8n node: installed once a checkout, each in a process of its own."""

import fcntl
import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Execution", "Node", "Sent", "install_node"]

HERE = Path(__file__).resolve().parent
DECIDING = ("package.json", "package-lock.json", ".npmrc")
INSTALL_TIMEOUT_S = 300
RUN_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as the node gave it to n8n's HTTP helper; ``body`` is None where there was none."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any
    status: int


@dataclass(frozen=True, slots=True)
class Execution:
    """
    What came of executing the node once.

    Args:
        version: Of the node's package.
        sent: The requests, in their order.
        returned: The items that come out of the node, or None.
        thrown: What it threw (``name``, ``message``, ``httpCode``, ``description``), or None.
    """

    version: str
    sent: Sequence[Sent]
    returned: Sequence[Any] | None
    thrown: Mapping[str, Any] | None

    @property
    def items(self) -> list[Any]:
        """The JSON of each item that comes out."""
        return [each["json"] for each in self.returned or ()]


@dataclass(frozen=True, slots=True)
class Node:
    """
    The node with n8n's credentials for it.

    Args:
        base_url: Ends with ``/api/v1``.
        read_token: The read-only token.
        write_token: The write-only token.
    """

    base_url: str
    read_token: str
    write_token: str

    def execute(self, *items: Mapping[str, Any], continue_on_fail: bool = False) -> Execution:
        """Execute the node for some items, each with the parameters that a user would set."""
        credentials = {
            "baseUrl": self.base_url,
            "readAuthToken": self.read_token,
            "writeAuthToken": self.write_token,
        }
        given = {"credentials": credentials, "continueOnFail": continue_on_fail, "items": items}
        told = json.loads(_run(["node", "node_session.mjs"], given=json.dumps(given)))
        sent = [Sent(**each) for each in told["sent"]]
        return Execution(told["version"], sent, told.get("returned"), told.get("thrown"))


def install_node() -> None:
    """Have ``npm ci`` install what the lockfile says, unless it is there; of several processes only one does so."""
    with (HERE / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = HERE / "node_modules" / ".stamp"
        wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in DECIDING)).hexdigest()
        if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
            return
        _run(["npm", "ci", "--ignore-scripts"], timeout_s=INSTALL_TIMEOUT_S)
        stamp.write_text(wanted, encoding="ascii")


def _run(command: list[str], *, given: str = "", timeout_s: float = RUN_TIMEOUT_S) -> str:
    done = subprocess.run(
        command, cwd=HERE, input=given, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if done.returncode != 0:
        raise AssertionError(f"{command[0]} ended with code {done.returncode}\n{done.stderr}{done.stdout}")
    return done.stdout
