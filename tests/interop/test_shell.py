"""
A client without any code of ours and without an SDK: curl, with signatures by openssl in a shell.

It also stands for the SDKs before SHA-256 (JavaScript 2.0.15, Java, PHP): SHA-1, no ``x-oneflow-algorithm``, and of a
percent-encoded path the raw form signed. The registry had none of them to install (asked on 2026-11-22).
"""

import json
import os
from typing import Any
from urllib.parse import unquote

import pytest

from tests.interop import programs
from tests.interop.account import Account
from tests.interop.orders import as_sent, make_order

SCRIPT = """
set -eu
signature=$(printf '%s' "$METHOD $SIGNED_PATH $DATE" | openssl dgst -sha1 -hmac "$SECRET" | sed 's/^.* //')
curl --silent --show-error --max-time 30 --noproxy '*' --path-as-is --request "$METHOD" \\
    --header "x-oneflow-authorization: $TOKEN:$signature" --header "x-oneflow-date: $DATE" \\
    --header "Content-Type: application/json" --data "$BODY" --write-out '\\n%{http_code}' "$URL"
"""
DOCUMENTED_DATE = "2014-03-10 17:16:18"
CANCEL = "/order/brandx/SO%201%2F%C3%A9/cancel"


@pytest.fixture(autouse=True, scope="module")
def programs_of_a_shell() -> None:
    """The programs of the script, or a skip."""
    programs.require("sh", "sed", "curl", "openssl")


def test_a_shell_validates_an_order_as_documented(partner: Account) -> None:
    """
    A signature from openssl in a shell, over the documented path and date, has an order validated.
    """
    order = as_sent(make_order())

    answered = _curl(partner, "POST", "/order/validate", signed_path="/api/order/validate", body=order)

    assert answered == (200, order)


@pytest.mark.parametrize("prefix", ["", "/oneflow"])
@pytest.mark.parametrize("decoded", [False, True], ids=["raw", "decoded"])
def test_a_path_may_be_signed_raw_or_decoded(partner: Account, prefix: str, decoded: bool) -> None:
    """
    Older clients sign an escaped path raw, newer ones decoded, with or without the mock's own prefix: all are accepted.
    """
    _curl(partner, "POST", "/order", signed_path="/api/order", body=as_sent(make_order("SO 1/é")))
    partner.advance(2)
    signed = f"{prefix}/api{CANCEL}"

    status, order = _curl(partner, "PUT", CANCEL, signed_path=unquote(signed) if decoded else signed)

    assert (status, order["orderData"]["status"]) == (200, "cancelled")


def test_a_wrong_path_in_the_signature_is_refused(partner: Account) -> None:
    """
    A signature over another path is refused, so that the tests above show something.
    """
    status, answer = _curl(partner, "POST", "/order/validate", signed_path="/order/validate", body={})

    assert (status, answer["error"]["message"]) == (401, "Your API key is wrong")


def _curl(partner: Account, method: str, path: str, *, signed_path: str, body: Any = None) -> tuple[int, Any]:
    given = {
        "PATH": os.environ["PATH"],
        "METHOD": method,
        "SIGNED_PATH": signed_path,
        "DATE": DOCUMENTED_DATE,
        "TOKEN": partner.token,
        "SECRET": partner.secret,
        "BODY": "" if body is None else json.dumps(body),
        "URL": f"{partner.base_url}{path}",
    }
    answer, _, status = programs.run(["sh", "-c", SCRIPT], environment=given).rpartition("\n")
    return int(status), json.loads(answer)
