"""Executions of the provider's own n8n node: a node of its own for each, in one process of Node.js."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop import programs

__all__ = ["HERE", "Execution", "Node", "Sent"]

HERE = Path(__file__).resolve().parent


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
    The result of executing the node once.

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
        """The JSON of each returned item."""
        return [each["json"] for each in self.returned or ()]


@dataclass(frozen=True, slots=True)
class Node:
    """
    The node with its n8n credentials.

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
        output = json.loads(programs.ask("dots_eco/node_session.mjs", json.dumps(given)))
        sent = [Sent(**each) for each in output["sent"]]
        return Execution(output["version"], sent, output.get("returned"), output.get("thrown"))
