"""The doctor's checks of Flow1st: whether its keys are accepted and its signature is right."""

import json
from collections.abc import Iterator
from functools import partial
from importlib.resources import files

from flowproof.clients.errors import ClientError
from flowproof.clients.flow1st import Flow1st, Signer
from flowproof.doctor import Check
from flowproof.doctor.check import not_checked, ok, wrong
from flowproof.doctor.credentials import check_call
from flowproof.doctor.holdings import check_holdings
from flowproof.plurals import counted
from flowproof.target import Credentials, Site

from .holdings import missing
from .setup import CHEAP

__all__ = ["checks"]

VECTORS = files("flowproof.fixtures").joinpath("flow1st").joinpath("vectors").joinpath("signatures.json")
FIX = "Copy API key and secret again; staging and production have their own."
KEY = 'Add signing_key = "$VARIABLE" to the role: the provider gives it beside key and secret.'


def checks(site: Site) -> Iterator[Check]:
    """The signature against known answers, then a token and the catalog with each role's keys."""
    yield _signature()
    for role, keys in site.keys.items():
        accepted = check_call(f"credentials {role}", partial(_catalog, site.url, keys), fix=FIX)
        yield accepted
        if role == "default" and accepted.state == "ok":
            yield check_holdings(partial(_missing, site.url, keys))
            yield not_checked("balance", "no operation tells it; an order that it does not cover skips the test")
            yield _prices(site.url, keys)
        if keys.values.get("signing_key"):
            yield not_checked(f"signing key {role}", "only an order is signed, and the doctor places none")
        else:
            yield wrong(f"signing key {role}", "the profile has none", KEY)


def _client(url: str, keys: Credentials) -> Flow1st:
    signing_key = str(keys.values.get("signing_key") or "none")  # (the catalog is not signed for)
    return Flow1st(url, keys.key, str(keys.values.get("secret", "")), signing_key)


def _catalog(url: str, keys: Credentials) -> None:
    with _client(url, keys) as client:
        client.products()


def _missing(url: str, keys: Credentials) -> list[str]:
    with _client(url, keys) as client:
        return list(missing(client))


def _prices(url: str, keys: Credentials) -> Check:
    """What an order costs, which no operation gives back."""
    try:
        with _client(url, keys) as client:
            bundles = [bundle for product in client.products() for bundle in product.bundles]
    except ClientError as error:
        return not_checked("prices", f"the target does not say: {error.message}")
    if not bundles:
        return not_checked("prices", "the catalog is empty")
    priced = sorted((bundle.price, bundle.currency) for bundle in bundles)
    (least, unit), (most, other) = priced[0], priced[-1]
    return ok("prices", f"an order costs from {least} {unit} to {most} {other}; most tests order {CHEAP}")


def _signature() -> Check:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    for each in vectors:
        if Signer(each["signing_key"]).signature(each["timestamp"], each["body"].encode()) != each["signature"]:
            return wrong("signature", "it differs from its known answer", "Install Flowproof anew.")
    return ok("signature", f"{counted(len(vectors), 'known answer is', 'known answers are')} met")
