"""The signing primitive: known answers from outside, the accepted forms of a path, and keys that keep their secret."""

import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.errors import ConfigurationError
from flowproof.kernel.signing import Key, SignedRequest, SigningScheme, messages, sign, string_to_sign, verify

ONEFLOW = SigningScheme(("method", "path", "timestamp"), " ", "sha1", "hex", "/api", ("raw", "decoded"))
FLOW1ST = SigningScheme(("timestamp", "body"), "", "sha256", "hex")
OTTER = SigningScheme(("body",), "", "sha256", "base64")
SECRET = b"test-secret"

FLOW1ST_BODY = (
    b'{"countryCode":"NG","currencyCode":"NGN","amount":100,"partnerReference":"4a662291-2840-4bcd-aae9-553ab24601ed",'
    b'"callbackSuccessUrl":"<https://callback.success","callbackFailureUrl":"https://callback.failure",'
    b'"callbackPendingUrl":"https://callback.pending","callbackCancelUrl":"https://callback.cancel",'
    b'"webhookUrl":"https://webhook.success","products":[{"title":"10> Credits","sku":"12345","price":100,"quantity":1,'
    b'"currencyCode":"NGN"}],"metadata":[{"key":"customerId","value":"1"}]}'
)


def make_request(**fields: object) -> SignedRequest:
    """A plain request with some fields of its own."""
    plain = SignedRequest(
        method="POST",
        path="/api/order",
        query="",
        mount="",
        headers=(),
        body=b"",
        token="test-token",
        signature="",
        timestamp="2014-03-10 17:16:18",
        date_header="x-oneflow-date",
    )
    return replace(plain, **fields)  # type: ignore[arg-type]  # the fields are checked by the dataclass


@pytest.mark.parametrize(
    ("digest", "method", "path", "timestamp", "signature"),
    [
        (
            "sha256",
            "POST",
            "/api/order",
            "2026-01-01T12:00:00.000Z",
            "5eb43d34789cde45f542b7de491e960cf570ed1cfb5b29b8b12d1514685241ba",
        ),
        ("sha1", "POST", "/api/order", "2014-03-10 17:16:18", "14f37857abf59fd23dcf99313339975b28ebdddd"),
        ("sha1", "POST", "/api/order", "2026-01-01T12:00:00.000Z", "c0c8ebd497c59caa0f0f7210318fadd503aa98cf"),
        (
            "sha256",
            "GET",
            "/api/order",
            "2026-01-01T12:00:00.000Z",
            "9ccdd68dd59aa42150d0349d5cc1fbdb3111a9a915fcb06d04821c261b70eb22",
        ),
        ("sha1", "PUT", "/api/order/acct/SO-1/cancel", "1700000000", "001eb16b7dc44132784be5e873f7e4c03599071a"),
    ],
)
def test_known_answers_of_oneflow(digest: str, method: str, path: str, timestamp: str, signature: str) -> None:
    """
    The five vectors of OneFlow, two of them from other people's code, come out to the letter.
    """
    scheme = replace(ONEFLOW, digest=digest)
    request = make_request(method=method, path=path, timestamp=timestamp, signature=signature)

    assert sign(scheme, string_to_sign(scheme, request), SECRET) == signature
    assert verify(scheme, request, Key(SECRET, digest))


def test_known_answer_that_flow1st_publishes() -> None:
    """
    The vector in Flow1st's documents, timestamp and body under HMAC-SHA256, comes out to the letter.
    """
    request = make_request(timestamp="2025-03-17T08:10:52.544247646Z", body=FLOW1ST_BODY)
    key = Key(b"hCyO_Flnu6aid-bhFYTYOowkxXRzoZkgzO32rB6Ik8Y", "sha256")

    signature = sign(FLOW1ST, string_to_sign(FLOW1ST, request), key)

    assert signature == "85aa0862aa052f737d3cf4d38f92091ea7c015e782d207ea18cc5641d3e47755"


def test_known_answer_of_otter() -> None:
    """
    A body alone, signed in base64, comes out as Otter's vector.
    """
    request = make_request(body=b'{"eventType":"ping.ping"}')

    signature = sign(OTTER, string_to_sign(OTTER, request), b"secret-for-tests")

    assert signature == "7I1CtuvTVgql6PIOSpWIHSqxIBSu2zaCta8NnKm8nwY="


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ("raw", "/api/order/a%20b"),
        ("decoded", "/api/order/a b"),
        ("mounted", "/w/x/oneflow/api/order/a%20b"),
        ("mounted_decoded", "/w/x/oneflow/api/order/a b"),
    ],
)
def test_each_form_of_the_path_verifies_where_listed(form: str, path: str) -> None:
    """
    A signature over one form of the path verifies exactly where the scheme lists that form.
    """
    signature = hmac.new(SECRET, f"POST {path} 1700000000".encode(), "sha1").hexdigest()
    request = make_request(path="/api/order/a%20b", mount="/w/x/oneflow", timestamp="1700000000", signature=signature)
    others = tuple(other for other in ("raw", "decoded", "mounted", "mounted_decoded") if other != form)

    assert verify(replace(ONEFLOW, path_forms=(form,)), request, SECRET)
    assert not verify(replace(ONEFLOW, path_forms=others), request, SECRET)


def test_coinciding_forms_are_one_message() -> None:
    """
    A path without escapes has one message, however many forms are accepted.
    """
    assert list(messages(ONEFLOW, make_request())) == [b"POST /api/order 2014-03-10 17:16:18"]


@given(body=st.binary(), path=st.binary().map(lambda raw: "/" + "".join(f"%{byte:02X}" for byte in raw)))
def test_bytes_survive_whatever_they_are(body: bytes, path: str) -> None:
    """
    A body or an escaped path that is no UTF-8 is signed byte for byte.
    """
    scheme = SigningScheme(("path", "body"), "\n", "sha256", "hex", path_forms=("decoded",))
    raw = bytes.fromhex(path[1:].replace("%", ""))

    assert string_to_sign(scheme, make_request(path=path, body=body)) == b"/" + raw + b"\n" + body


@given(secret=st.binary(), message=st.binary(), digest=st.sampled_from(["md5", "sha1", "sha256", "sha512"]))
def test_key_signs_as_its_secret_does(secret: bytes, message: bytes, digest: str) -> None:
    """
    A key made ready once signs any number of messages as the bare secret would.
    """
    key = Key(secret, digest)

    assert [key.mac(message), key.mac(message)] == [hmac.new(secret, message, digest).digest()] * 2


@pytest.mark.parametrize("signature", ["", "14F37857ABF59FD23DCF99313339975B28EBDDDD", "ü" * 40, "\ud800", "14f37857"])
def test_other_writings_of_a_signature_are_refused(signature: str) -> None:
    """
    Upper case, a prefix, no text, and text that is not ASCII are refused without an error.
    """
    assert not verify(ONEFLOW, make_request(signature=signature), SECRET)


def test_repr_of_a_key_keeps_the_secret() -> None:
    """
    A key that lands in a log does not tell its secret.
    """
    assert repr(Key(SECRET, "sha1")) == "Key(digest='sha1')"


def test_key_for_another_digest_is_refused() -> None:
    """
    A key made ready for SHA-256 does not silently sign a SHA-1 scheme.
    """
    with pytest.raises(ConfigurationError, match="digest of the key"):
        sign(ONEFLOW, b"", Key(SECRET, "sha256"))


@pytest.mark.parametrize(
    "fields",
    [{"parts": ("verb",)}, {"parts": ()}, {"digest": "crc32"}, {"encoding": "rot13"}, {"path_forms": ("bare",)}],
)
def test_scheme_with_an_unknown_word_is_refused(fields: dict[str, object]) -> None:
    """
    A scheme that names what does not exist fails where it is written, with the words that do exist.
    """
    with pytest.raises(ConfigurationError, match="Use one of"):
        replace(ONEFLOW, **fields)  # type: ignore[arg-type]  # wrong on purpose


def test_digest_can_be_varied_by_a_header() -> None:
    """
    A scheme with another digest is one `replace` away, and still signs the same text.
    """
    wide = replace(ONEFLOW, digest="sha512")

    assert sign(wide, b"text", SECRET) == hmac.new(SECRET, b"text", hashlib.sha512).hexdigest()
