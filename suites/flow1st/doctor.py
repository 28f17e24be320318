"""The doctor's checks of Flow1st: whether its keys are accepted and its signature is right."""

import json
from collections.abc import Iterator
from functools import partial
from importlib.resources import files

from flowproof.clients.flow1st import Flow1st, Signer
from flowproof.doctor import Check
from flowproof.doctor.check import not_checked, ok, wrong
from flowproof.doctor.credentials import check_call
from flowproof.plurals import counted
from flowproof.target import Credentials, Site

__all__ = ["checks"]

VECTORS = files("flowproof.fixtures").joinpath("flow1st").joinpath("vectors").joinpath("signatures.json")
FIX = "Copy API key and secret again; staging and production have their own."
KEY = 'Add signing_key = "$VARIABLE" to the role: the provider gives it beside key and secret.'


def checks(site: Site) -> Iterator[Check]:
    """The signature against known answers, then a token and the catalog with each role's keys."""
    yield _signature()
    for role, keys in site.keys.items():
        yield check_call(f"credentials {role}", partial(_catalog, site.url, keys), fix=FIX)
        if keys.values.get("signing_key"):
            yield not_checked(f"signing key {role}", "only an order is signed, and the doctor places none")
        else:
            yield wrong(f"signing key {role}", "the profile has none", KEY)


def _catalog(url: str, keys: Credentials) -> None:
    signing_key = str(keys.values.get("signing_key") or "none")  # (the catalog is not signed for)
    with Flow1st(url, keys.key, str(keys.values.get("secret", "")), signing_key) as client:
        client.products()


def _signature() -> Check:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    for each in vectors:
        if Signer(each["signing_key"]).signature(each["timestamp"], each["body"].encode()) != each["signature"]:
            return wrong("signature", "it differs from its known answer", "Install Flowproof anew.")
    return ok("signature", f"{counted(len(vectors), 'known answer is', 'known answers are')} met")
