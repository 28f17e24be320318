"""The work that is measured: an order of OneFlow's documents, 1.5 KB, signed, each with a number of its own."""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from flowproof.clients.oneflow import Signer

__all__ = ["CONTRACT", "ROOT", "Template", "full_order", "signed", "template"]

ROOT = Path(__file__).parents[1]
CONTRACT = ROOT / "contracts" / "oneflow" / "openapi.yaml"
WHEN = "2026-01-01T12:00:00.000Z"
NUMBER = "NUMBER"

Template = tuple[str, str]


def full_order(items: int = 1) -> dict[str, Any]:
    """The contract's full order, with as many items as wanted."""
    document = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    order: dict[str, Any] = document["components"]["examples"]["fullOrder"]["value"]
    (item,) = order["orderData"]["items"]
    order["orderData"]["items"] = [_numbered(item, number) for number in range(items)]
    return order


def _numbered(item: Mapping[str, Any], number: int) -> dict[str, Any]:
    copy = deepcopy(dict(item))
    copy["sourceItemId"] = f"I{number}"
    for index, component in enumerate(copy["components"]):
        component["sourceComponentId"] = f"I{number}-{index}"
    return copy


def template(order: Mapping[str, Any]) -> Template:
    """The order's JSON before and after its ``sourceOrderId``."""
    text = json.dumps({**order, "orderData": {**order["orderData"], "sourceOrderId": NUMBER}}, separators=(",", ":"))
    before, after = text.split(NUMBER)
    return before, after


def signed(path: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """The headers of a POST; neither body nor number is signed, so they serve for all."""
    made = Signer(credentials["key"], credentials["secret"]).headers("POST", path, WHEN)
    return {**made, "Content-Type": "application/json"}
