"""The doctor's checks of OneFlow: whether the signature is right, and the keys are accepted."""

import json
from collections.abc import Iterator
from functools import partial
from importlib.resources import files

from flowproof.clients.oneflow import OneFlow, Signer
from flowproof.doctor import Check
from flowproof.doctor.check import ok, wrong
from flowproof.doctor.credentials import check_call
from flowproof.doctor.holdings import check_holdings
from flowproof.plurals import counted
from flowproof.target import Site

from .holdings import missing

__all__ = ["checks"]

VECTORS = files("flowproof.fixtures").joinpath("oneflow").joinpath("vectors").joinpath("signatures.json")
FIX = "Copy token and secret again from the account's API keys; the token comes first."


def checks(site: Site) -> Iterator[Check]:
    """The signature against known answers, then a list of one order with each role's key."""
    yield _signature()
    for role, keys in site.keys.items():
        call = partial(_list, site.url, keys.key, str(keys.values.get("secret", "")))
        accepted = check_call(f"credentials {role}", call, fix=FIX)
        yield accepted
        if role == "default" and accepted.state == "ok":
            yield check_holdings(partial(_missing, site.url, keys.key, str(keys.values.get("secret", ""))))


def _missing(url: str, token: str, secret: str) -> list[str]:
    with OneFlow(url, token, secret) as client:
        return list(missing(client))


def _list(url: str, token: str, secret: str) -> None:
    with OneFlow(url, token, secret) as client:
        client.orders(pagesize=1)


def _signature() -> Check:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    for each in vectors:
        signer = Signer(each["token"], each["secret"], each["algorithm"].lower())
        if signer.signature(each["method"], each["path"], each["timestamp"]) != each["signature"]:
            return wrong("signature", f"{each['algorithm']} differs from its known answer", "Install Flowproof anew.")
    return ok("signature", f"{counted(len(vectors), 'known answer is', 'known answers are')} met")
