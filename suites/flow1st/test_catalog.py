"""The catalog, and the media type of every operation."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients.flow1st import Flow1st

from .profiles import NETWORKED
from .raw_client import CATALOG, ORDER, REFRESH, TOKEN, TYPES, VALIDATION, RawClient, refusal
from .setup import BUNDLES, SEED

METHODS = {TOKEN: "POST", REFRESH: "POST", CATALOG: "GET", VALIDATION: "GET", ORDER: "POST"}


@pytest.mark.requirement("flow1st.catalog.list", "flow1st.catalog.bundle", "flow1st.catalog.product")
def test_catalog_has_every_bundle_with_its_price(flow1st: Flow1st) -> None:
    """
    The catalog lists every bundle that is set up, its price to the digit.
    """
    listed = [(each.sku, each.price, each.currency) for product in flow1st.products() for each in product.bundles]

    assert sorted(listed) == sorted((each.sku, each.price, each.currency) for each in BUNDLES)


@pytest.mark.requirement("flow1st.catalog.dates", "flow1st.catalog.whole")
def test_dates_have_no_zone_and_all_is_on_one_page(raw: RawClient) -> None:
    """
    Dates are as they were set up, without a zone, and no parameter makes the catalog shorter.
    """
    answer = raw.send("GET", CATALOG, query={"page": "2", "limit": "1"}).json()

    assert sorted(each["createdDate"] for each in answer["products"]) == sorted(
        each["createdDate"] for each in SEED["products"]
    )


@pytest.mark.requirement("flow1st.catalog.product")
def test_product_is_as_it_was_set_up(raw: RawClient) -> None:
    """
    A product has its ids, its name and its picture.
    """
    names = ("id", "productId", "distributorId", "name", "imageLocation")
    shown = raw.send("GET", CATALOG).json()["products"]

    assert sorted([each[name] for name in names] for each in shown) == sorted(
        [each[name] for name in names] for each in SEED["products"]
    )


@pytest.mark.requirement("flow1st.catalog.bundle")
def test_bundle_has_every_documented_member(raw: RawClient) -> None:
    """
    A bundle has the documented members.
    """
    shown: Any = raw.send("GET", CATALOG).json()["products"][0]["bundles"][0]

    assert set(shown) >= {
        "createdDate",
        "currencyCode",
        "distributorId",
        "fields",
        "id",
        "lastModifiedDate",
        "name",
        "price",
        "productBundleId",
        "productId",
        "sku",
    }


@pytest.mark.requirement(
    "flow1st.request.content_type",
    "flow1st.token.content_type",
    "flow1st.token.refresh_content_type",
    "flow1st.order.content_type",
)
@pytest.mark.parametrize("path", TYPES)
@pytest.mark.parametrize("sent", [None, "", "application/json", "text/plain", "application/vnd.carry1st+json"])
def test_another_media_type_is_answered_405(raw: RawClient, path: str, sent: str | None) -> None:
    """
    A call with another media type than its page's is answered 405, also where it is a GET.
    """
    body = b"{}" if METHODS[path] == "POST" else None

    assert refusal(raw.send(METHODS[path], path, body=body, headers={"Content-Type": sent})) == 405


@pytest.mark.requirement("flow1st.request.content_type")
@pytest.mark.parametrize("tail", ["; charset=utf-8", ";charset=UTF-8", "; q=1"])
def test_media_type_may_have_parameters(raw: RawClient, tail: str) -> None:
    """
    A media type's parameters, and its case, do not matter.
    """
    headers: dict[str, str | None] = {"Content-Type": TYPES[CATALOG].upper() + tail}

    assert raw.send("GET", CATALOG, headers=headers).status_code == 200


@pytest.mark.requirement("flow1st.request.json")
@pytest.mark.parametrize("path", [TOKEN, ORDER])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"role", b"[]", b"null", b'{"role":NaN}', b'{"a":1,"a":2}', b"\xff", b'{"role":"API_USER"}}']
)
def test_body_that_is_no_json_object_is_refused(raw: RawClient, path: str, body: bytes) -> None:
    """
    A body that is no JSON object, or that two parsers may read differently, is answered 400.
    """
    answer = raw.send("POST", path, body=body, headers=raw.signed(body) if path == ORDER else None)

    assert refusal(answer) == 400


@pytest.mark.requirement("flow1st.request.size")
def test_too_large_a_body_is_refused(raw: RawClient) -> None:
    """
    A body of more than a mebibyte is answered 400.
    """
    body = json.dumps({"role": "API_USER", "x": "x" * 1_100_000}).encode()

    assert refusal(raw.send("POST", TOKEN, body=body)) == 400


@pytest.mark.requirement("flow1st.request.method")
@pytest.mark.parametrize(
    ("method", "path"),
    [(each, path) for path in TYPES for each in ("GET", "POST", "PUT", "DELETE", "PATCH") if each != METHODS[path]],
)
def test_another_method_is_answered_405(raw: RawClient, method: str, path: str) -> None:
    """
    A method that a path does not have is answered 405.
    """
    assert refusal(raw.send(method, path)) == 405


@pytest.mark.requirement("flow1st.request.route")
@NETWORKED
@given(tail=st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=12))
def test_another_path_is_answered_404(raw: RawClient, tail: str) -> None:
    """
    A path that is not served is answered 404.
    """
    assert refusal(raw.send("GET", f"/api/distributors/{tail}s/{tail}")) == 404
