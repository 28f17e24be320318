"""
A diagnosis names the mistake behind a wrong signature. Every wrong signature here is made by hand, never with the
module's own edits, so that the two cannot agree on the same error.
"""

import base64
import hashlib
import hmac
import json
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowproof.kernel.diagnosis import BOUND, Diagnosis, diagnose, read_rendered, render
from flowproof.kernel.signing import SignedRequest, SigningScheme, verify

SECRET = b"s3cr3t-Of-The-Account"
ONEFLOW = SigningScheme(("method", "path", "timestamp"), " ", "sha1", "hex", "/api")
FLOW1ST = SigningScheme(("timestamp", "body"), "", "sha256", "hex")
OTTER = SigningScheme(("body",), "", "sha256", "base64")

TIME = "2024-09-13T10:00:00.123Z"
PATH = "/api/order/ac%20Ct/SO-1/cancel"
BODY = b'{"b": [1, 2.5], "a": "h\xc3\xa9/x"}'
REQUEST = SignedRequest(
    method="PUT",
    path=PATH,
    query="page=1&note=a%20b",
    mount="/w/abc/oneflow",
    headers=(
        ("Host", "127.0.0.1:4010"),
        ("Date", "Fri, 13 Sep 2024 10:00:07 GMT"),
        ("X-Sent-Time", "half past nine"),
        ("x-oneflow-date", TIME),
    ),
    body=BODY,
    token="token-of-account",
    signature="",
    timestamp=TIME,
    date_header="x-oneflow-date",
)
RIGHT = f"PUT {PATH} {TIME}"


def mac(text: str | bytes, key: bytes = SECRET, digest: str = "sha1") -> bytes:
    """An HMAC made by hand."""
    return hmac.new(key, text if isinstance(text, bytes) else text.encode(), digest).digest()


def codes(diagnosis: Diagnosis) -> tuple[str, ...]:
    """The codes of the mistakes that were named."""
    return tuple(mistake.code for mistake in diagnosis.mistakes)


def sent(signature: str | bytes, request: SignedRequest = REQUEST) -> SignedRequest:
    """The request with that signature; bytes are sent in hex."""
    return replace(request, signature=signature.hex() if isinstance(signature, bytes) else signature)


HEX = mac(RIGHT).hex()
B64 = base64.b64encode(mac(RIGHT)).decode()
SPELLED: list[tuple[str, str]] = [  # the right digest, wrongly written
    ("base64", B64),
    ("base64", B64.rstrip("=")),
    ("base64url", base64.urlsafe_b64encode(mac(RIGHT)).decode()),
    ("base64_of_hex", base64.b64encode(HEX.encode()).decode()),
    ("upper_case", HEX.upper()),
    ("prefix", f"0x{HEX}"),
    ("prefix", f"sha1={HEX}"),
    ("prefix", f"HMAC-SHA1 {HEX}"),
    ("signature_wrapped", f'"{HEX}"'),
    ("hex_separated", "-".join(HEX[place : place + 2] for place in range(0, 40, 2))),
    ("program_output", f"SHA1(stdin)= {HEX}"),
    ("program_output", f"HMAC-SHA1(stdin)= {HEX}"),
    ("program_output", f"SHA2-256(request.txt)= {HEX}"),
    ("program_output", f"(stdin)= {HEX}"),
    ("program_output", f"{HEX}  -"),
    ("bytes_literal", f"b'{HEX}'"),
    ("signature_list", f"t=1726221600,v1={HEX}"),
    ("signature_list", f"keyId=1;algorithm=hmac-sha1;signature={HEX}"),
    ("prefix", f"v0={HEX}"),
    ("prefix", f"v1,{HEX}"),
    ("prefix", f"sha1= {HEX}"),
    ("hex_separated", f"<{' '.join(HEX[place : place + 8] for place in range(0, 40, 8))}>"),
    ("byte_list", str(list(mac(RIGHT)))),
    ("byte_list", ",".join(str(byte - 256 * (byte > 127)) for byte in mac(RIGHT))),
    ("hex_sign_extended", "".join(f"{'ffffff' * (byte > 127)}{byte:02x}" for byte in mac(RIGHT))),
    ("base64_twice", base64.b64encode(B64.encode()).decode()),
    ("hex_of_base64", B64.encode().hex()),
    ("truncated", HEX[:39]),
    ("truncated", HEX[:32]),
    ("truncated", HEX[:8]),
    ("secret_sent", SECRET.decode()),
]
HASHED: list[tuple[str, bytes]] = [  # the right text, wrongly hashed or keyed
    *(("digest", mac(RIGHT, digest=digest)) for digest in ("md5", "sha224", "sha256", "sha384", "sha512")),
    ("hash", hashlib.sha1(RIGHT.encode()).digest()),
    ("hash_secret_first", hashlib.sha1(SECRET + RIGHT.encode()).digest()),
    ("hash_secret_last", hashlib.sha1(RIGHT.encode() + SECRET).digest()),
    ("hmac_swapped", mac(SECRET, key=RIGHT.encode())),
    ("key_token", mac(RIGHT, key=b"token-of-account")),
    ("key_empty", mac(RIGHT, key=b"")),
    ("key_blank", mac(RIGHT, key=SECRET + b"\n")),
    ("key_blank", mac(RIGHT, key=SECRET + b"\r\n")),
    ("key_blank", mac(RIGHT, key=SECRET + b" ")),
    ("key_blank", mac(RIGHT, key=b" " + SECRET)),
    ("key_blank", mac(RIGHT, key=SECRET + b"\\n")),
    ("key_bom", mac(RIGHT, key=b"\xef\xbb\xbf" + SECRET)),
    ("key_literal", mac(RIGHT, key=b"b'" + SECRET + b"'")),
    ("key_utf_16", mac(RIGHT, key=SECRET.decode().encode("utf-16-le"))),
    ("key_hashed", mac(RIGHT, key=hashlib.sha256(SECRET).hexdigest().encode())),
    ("key_hashed", mac(RIGHT, key=hashlib.md5(SECRET).digest())),
    ("key_pair", mac(RIGHT, key=SECRET + b"&")),
    ("key_pair", mac(RIGHT, key=b"token-of-account:" + SECRET)),
    ("key_unset", mac(RIGHT, key=b"undefined")),
    ("key_unset", mac(RIGHT, key=b"None")),
    ("key_quoted", mac(RIGHT, key=b'"' + SECRET + b'"')),
    ("key_base64_encoded", mac(RIGHT, key=base64.b64encode(SECRET))),
    ("key_hex_encoded", mac(RIGHT, key=SECRET.hex().encode())),
    ("key_case", mac(RIGHT, key=SECRET.upper())),
    ("utf_16", mac(RIGHT.encode("utf-16-le"))),
    ("utf_16", mac(RIGHT.encode("utf-16-be"))),
    ("utf_8_mark", mac(RIGHT.encode("utf-8-sig"))),
]
HOST = "127.0.0.1:4010"
PATHS = [  # (code, the path that was signed)
    ("query_included", f"{PATH}?page=1&note=a%20b"),
    ("query_included", f"{PATH}?page=1&note=a b"),
    ("base_missing", "/order/ac%20Ct/SO-1/cancel"),
    ("base_doubled", "/api/api/order/ac%20Ct/SO-1/cancel"),
    ("mount_included", f"/w/abc/oneflow{PATH}"),
    ("mount_included", f"/oneflow{PATH}"),
    ("mount_twice", f"/w/abc/oneflow/w/abc/oneflow{PATH}"),
    ("full_url", f"http://{HOST}/w/abc/oneflow{PATH}"),
    ("full_url", f"https://{HOST}{PATH}"),
    ("full_url", f"https://127.0.0.1{PATH}"),
    ("host_included", f"{HOST}{PATH}"),
    ("path_decoded", "/api/order/ac Ct/SO-1/cancel"),
    ("path_double_encoded", "/api/order/ac%2520Ct/SO-1/cancel"),
    ("path_plus", "/api/order/ac+Ct/SO-1/cancel"),
    ("path_encoded", "%2Fapi%2Forder%2Fac%20Ct%2FSO-1%2Fcancel"),
    ("path_lower", PATH.lower()),
    ("slash_added", f"{PATH}/"),
    ("slash_doubled", "/api//order/ac%20Ct/SO-1/cancel"),
    ("leading_slash_missing", PATH[1:]),
]
TIMES = [  # (code, the timestamp that was signed)
    ("timestamp_source", "Fri, 13 Sep 2024 10:00:07 GMT"),
    ("timestamp_source", "half past nine"),
    ("timestamp_format", "1726221600"),
    ("timestamp_format", "1726221600123"),
    ("timestamp_format", "2024-09-13T10:00:00Z"),
    ("timestamp_format", "2024-09-13T10:00:00.123000Z"),
    ("timestamp_format", "2024-09-13T10:00:00+00:00"),
    ("timestamp_format", "2024-09-13T10:00:00.123+00:00"),
    ("timestamp_format", "2024-09-13T10:00:00"),
    ("timestamp_format", "2024-09-13T10:00:00.123"),
    ("timestamp_format", "2024-09-13 10:00:00"),
    ("timestamp_format", "2024-09-13 10:00:00.123"),
    ("timestamp_format", "Fri, 13 Sep 2024 10:00:00 GMT"),
    ("timestamp_format", "2024-09-13T10:00:00.1230000Z"),
    ("timestamp_format", "2024-09-13T10:00:00.123000000Z"),
    ("timestamp_format", "2024-09-13T10:00:00+0000"),
    ("timestamp_format", "2024-09-13T10:00:00.123+0000"),
    ("timestamp_format", "2024-09-13T10:00Z"),
    ("timestamp_format", "2024-09-13"),
    ("timestamp_format", "1726221600123000"),
    ("timestamp_format", "1726221600123000000"),
    ("timestamp_format", "1726221600.123000"),
    ("timestamp_format", "Fri, 13 Sep 2024 10:00:00 +0000"),
    ("timestamp_format", "Fri Sep 13 10:00:00 2024"),
    ("timestamp_zone", "2024-09-13T11:00:00.123Z"),
    ("timestamp_zone", "2024-09-13T02:00:00.123Z"),
    ("timestamp_zone", "2024-09-13T15:45:00.123Z"),
    ("timestamp_moment", "2024-09-13T10:00:01.123Z"),
    ("timestamp_moment", "2024-09-13T09:59:57.123Z"),
    ("timestamp_moment", "2024-09-13T10:00:00.130Z"),
    ("timestamp_moment", "2024-09-13T10:00:00.100Z"),
    ("timestamp_quoted", f'"{TIME}"'),
    ("timestamp_quoted", f"'{TIME}'"),
    ("timestamp_blank", f" {TIME}"),
    ("timestamp_escaped", "2024-09-13T10%3A00%3A00.123Z"),
    ("timestamp_lower", TIME.lower()),
]
TEXTS: list[tuple[str, str]] = [  # (code, the text that was signed)
    *((code, f"PUT {path} {TIME}") for code, path in PATHS),
    *((code, f"PUT {PATH} {timestamp}") for code, timestamp in TIMES),
    ("method_lower", f"put {PATH} {TIME}"),
    ("method_capitalised", f"Put {PATH} {TIME}"),
    ("method_other", f"POST {PATH} {TIME}"),
    ("method_missing", f"{PATH} {TIME}"),
    ("method_missing", f" {PATH} {TIME}"),
    ("path_missing", f"PUT {TIME}"),
    ("timestamp_missing", f"PUT {PATH}"),
    ("separator_missing", f"PUT{PATH}{TIME}"),
    ("separator_doubled", f"PUT  {PATH}  {TIME}"),
    *(("separator", f"PUT{mark}{PATH}{mark}{TIME}") for mark in ("\n", "\r\n", "\t", ",", ":", "|", "\\n", ";", "&")),
    ("separator_missing_before_timestamp", f"PUT {PATH}{TIME}"),
    ("separator_missing_before_path", f"PUT{PATH} {TIME}"),
    ("order", f"{TIME} PUT {PATH}"),
    ("order", f"PUT {TIME} {PATH}"),
    ("order", f"{PATH} PUT {TIME}"),
    ("body_included", f"{RIGHT} {BODY.decode()}"),
    ("body_included", f"{RIGHT}{BODY.decode()}"),
    ("body_included", f"PUT {PATH} {BODY.decode()} {TIME}"),
    ("body_included", f"{BODY.decode()} {RIGHT}"),
    ("trailing_newline", f"{RIGHT}\n"),
    ("trailing_newline", f"{RIGHT}\r\n"),
    ("leading_blank", f" {RIGHT}"),
    ("text_quoted", f'"{RIGHT}"'),
    ("text_lower", RIGHT.lower()),
    ("text_base64", base64.b64encode(RIGHT.encode()).decode()),
    ("text_hashed", hashlib.sha256(RIGHT.encode()).hexdigest()),
]


SINGLES: list[tuple[str, str | bytes]] = [*SPELLED, *HASHED, *((code, mac(text)) for code, text in TEXTS)]


def ids(rows: Sequence[tuple[str, object]]) -> list[str]:
    """Short and stable names for the rows of a table."""
    return [f"{place}-{code}" for place, (code, _) in enumerate(rows)]


@pytest.mark.parametrize(("code", "signature"), SINGLES, ids=ids(SINGLES))
def test_single_mistake_is_named(code: str, signature: str | bytes) -> None:
    """
    Each usual mistake, made alone and by hand, is the only one that the diagnosis names.
    """
    diagnosis = diagnose(ONEFLOW, sent(signature), SECRET)

    assert codes(diagnosis) == (code,)
    assert not diagnosis.verifies


@pytest.mark.parametrize(("code", "text"), TEXTS, ids=ids(TEXTS))
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_mistake_with_wrong_digest_and_encoding_is_named(code: str, text: str, digest: str) -> None:
    """
    A wrong text is found under another digest in base64 too: hash and writing cost the search nothing.
    """
    diagnosis = diagnose(ONEFLOW, sent(base64.b64encode(mac(text, digest=digest)).decode()), SECRET)

    assert codes(diagnosis) == (code, "digest", "base64")


@pytest.mark.parametrize(
    ("expected", "text", "key"),
    [
        ({"method_lower", "query_included"}, f"put {PATH}?page=1&note=a%20b {TIME}", SECRET),
        ({"base_missing", "separator"}, f"PUT\n/order/ac%20Ct/SO-1/cancel\n{TIME}", SECRET),
        ({"path_decoded", "timestamp_format"}, "PUT /api/order/ac Ct/SO-1/cancel 1726221600", SECRET),
        ({"path_decoded", "mount_included"}, f"PUT /w/abc/oneflow/api/order/ac Ct/SO-1/cancel {TIME}", SECRET),
        ({"full_url", "query_included"}, f"PUT http://{HOST}/w/abc/oneflow{PATH}?page=1&note=a%20b {TIME}", SECRET),
        ({"timestamp_source", "timestamp_format"}, f"PUT {PATH} 1726221607", SECRET),
        ({"timestamp_zone", "timestamp_format"}, f"PUT {PATH} 1726225200", SECRET),
        ({"timestamp_moment", "base_missing"}, "PUT /order/ac%20Ct/SO-1/cancel 2024-09-13T10:00:01.123Z", SECRET),
        ({"key_bom", "method_lower"}, f"put {PATH} {TIME}", b"\xef\xbb\xbf" + SECRET),
        ({"key_token", "trailing_newline"}, f"{RIGHT}\n", b"token-of-account"),
        ({"key_blank", "method_lower"}, f"put {PATH} {TIME}", SECRET + b"\n"),
        ({"key_empty", "separator_missing"}, f"PUT{PATH}{TIME}", b""),
        ({"order", "separator"}, f"{TIME}:PUT:{PATH}", SECRET),
        ({"method_missing", "separator_missing"}, f"{PATH}{TIME}", SECRET),
        ({"body_included", "body_reserialised"}, f'{RIGHT} {{"b":[1,2.5],"a":"h\u00e9/x"}}', SECRET),
        ({"body_included", "body_hashed"}, f"{RIGHT} {hashlib.sha256(BODY).hexdigest()}", SECRET),
        ({"slash_added", "method_other"}, f"POST {PATH}/ {TIME}", SECRET),
        ({"method_lower", "separator", "trailing_newline"}, f"put\n{PATH}\n{TIME}\n", SECRET),
        ({"method_lower", "path_decoded", "timestamp_format"}, "put /api/order/ac Ct/SO-1/cancel 1726221600", SECRET),
    ],
)
def test_combined_mistakes_are_named(expected: set[str], text: str, key: bytes) -> None:
    """
    Two mistakes at once, and the common ones in threes, are all named, each once.
    """
    diagnosis = diagnose(ONEFLOW, sent(mac(text, key=key)), SECRET)

    assert sorted(codes(diagnosis)) == sorted(expected)


DUMPED = json.loads(BODY)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("body_missing", TIME.encode()),
        ("timestamp_missing", BODY),
        ("order", BODY + TIME.encode()),
        ("separator", TIME.encode() + b"\n" + BODY),
        ("separator", TIME.encode() + b"." + BODY),
        ("method_included", b"PUT" + TIME.encode() + BODY),
        ("path_included", TIME.encode() + PATH.encode() + BODY),
        ("body_reserialised", TIME + json.dumps(DUMPED)),
        ("body_reserialised", TIME + json.dumps(DUMPED, separators=(",", ":"))),
        ("body_reserialised", TIME + json.dumps(DUMPED, separators=(",", ":"), ensure_ascii=False)),
        ("body_reserialised", TIME + json.dumps(DUMPED, ensure_ascii=False, sort_keys=True)),
        ("body_reserialised", TIME + json.dumps(DUMPED, indent=2, ensure_ascii=False)),
        ("body_reserialised", TIME + '{"b":[1,2.5],"a":"h\\u00e9\\/x"}'),
        ("body_hashed", TIME + hashlib.sha256(BODY).hexdigest()),
        ("body_hashed", TIME + base64.b64encode(hashlib.md5(BODY).digest()).decode()),
        ("timestamp_format", b"1726221600" + BODY),
        ("body_printed", TIME + repr(DUMPED)),
        ("body_placeholder", TIME + "{}"),
        ("body_placeholder", TIME + "[object Object]"),
        ("body_base64", TIME.encode() + base64.b64encode(BODY)),
        ("latin_1", TIME.encode() + BODY.decode().encode("latin-1")),
        ("utf_8_mark", b"\xef\xbb\xbf" + TIME.encode() + BODY),
    ],
)
def test_mistakes_of_a_scheme_that_signs_the_body(code: str, text: str | bytes) -> None:
    """
    Where timestamp and body are signed, the body's own mistakes are named.
    """
    diagnosis = diagnose(FLOW1ST, sent(mac(text, digest="sha256")), SECRET)

    assert codes(diagnosis) == (code,)


@pytest.mark.parametrize(
    ("code", "signature"),
    [
        ("hex", mac(BODY, digest="sha256").hex()),
        ("unpadded", base64.b64encode(mac(BODY, digest="sha256")).decode().rstrip("=")),
        ("base64_of_hex", base64.b64encode(mac(BODY, digest="sha256").hex().encode()).decode()),
        ("digest", base64.b64encode(mac(BODY, digest="sha1")).decode()),
        ("body_reserialised", base64.b64encode(mac(json.dumps(DUMPED), digest="sha256")).decode()),
        (
            "base64_broken",
            "\n ".join(textwrap.wrap(base64.b64encode(mac(BODY, digest="sha256")).decode(), 20)).replace(" ", ""),
        ),
        ("base64_broken", "\\n".join(textwrap.wrap(base64.b64encode(mac(BODY, digest="sha256")).decode(), 20))),
        ("prefix", "sha256=" + base64.b64encode(mac(BODY, digest="sha256")).decode()),
        ("bytes_literal", str(base64.b64encode(mac(BODY, digest="sha256")))),
    ],
)
def test_mistakes_of_a_scheme_in_base64(code: str, signature: str) -> None:
    """
    Where base64 is asked for, hex and missing padding are mistakes, and base64 is none.
    """
    assert codes(diagnose(OTTER, sent(signature), SECRET)) == (code,)


def test_base64url_and_lost_plus_are_told_apart() -> None:
    """
    The two ways to lose base64's plus sign have names of their own.
    """
    body = next(b"%d" % n for n in range(99) if b"+" in base64.b64encode(mac(b"%d" % n, digest="sha256"))[1:-2])
    right = base64.b64encode(mac(body, digest="sha256")).decode()
    request = replace(REQUEST, body=body)

    assert codes(diagnose(OTTER, sent(right.replace("+", "-").replace("/", "_"), request), SECRET)) == ("base64url",)
    assert codes(diagnose(OTTER, sent(right.replace("+", " "), request), SECRET)) == ("plus_lost",)


@pytest.mark.parametrize(
    ("secret", "key", "code"),
    [
        (base64.b64encode(bytes(range(24))), bytes(range(24)), "key_base64_decoded"),
        (bytes(range(24)).hex().encode(), bytes(range(24)), "key_hex_decoded"),
        (b"registered-with-blank \n", b"registered-with-blank", "key_stripped"),
        (b"with+slash/and=sign", b"with%2Bslash%2Fand%3Dsign", "key_escaped"),
        (b"with%2Bslash%2Fand%3Dsign", b"with+slash/and=sign", "key_unescaped"),
        (b"with+plus", b"with plus", "key_unescaped"),
        (b"whsec_MfKQ9r8GKYqrTwjU", b"MfKQ9r8GKYqrTwjU", "key_prefix"),
        (b"sk_test_4eC39HqLyjWDarjt", b"4eC39HqLyjWDarjt", "key_prefix"),
        (b"whsec_" + base64.b64encode(bytes(range(24))), bytes(range(24)), "key_prefix"),
    ],
)
def test_secret_that_was_decoded_first_is_named(secret: bytes, key: bytes, code: str) -> None:
    """
    A client that decodes or trims the secret before it signs hears so.
    """
    assert codes(diagnose(ONEFLOW, sent(mac(RIGHT, key=key)), secret)) == (code,)


@pytest.mark.parametrize("mark", ["", ", sorted"])
@pytest.mark.parametrize(
    ("join", "how"),
    [
        (urlencode, "the members as a query"),
        (lambda pairs: "".join(name + value for name, value in pairs), "names and values in a row"),
    ],
)
def test_body_that_is_signed_as_parameters_is_named(
    join: Callable[[list[tuple[str, str]]], str], how: str, mark: str
) -> None:
    """
    A client that signs a flat body as parameters, as exchanges and telephone services have it, hears so.
    """
    members = {"symbol": "BTC/EUR", "quantity": "1"}
    pairs = sorted(members.items()) if mark else list(members.items())
    request = replace(REQUEST, body=json.dumps(members).encode())

    diagnosis = diagnose(FLOW1ST, sent(mac(TIME + join(pairs), digest="sha256"), request), SECRET)

    assert [mistake.text for mistake in diagnosis.mistakes] == [f"{how}{mark} is signed in the place of the body"]


def test_lost_leading_zeros_are_named() -> None:
    """
    A digest that begins with zeros, and was written as a number, is found.
    """
    body = next(b"%d" % n for n in range(9999) if mac(TIME + str(n), digest="sha256").hex().startswith("00"))
    right = mac(TIME.encode() + body, digest="sha256").hex()
    request = replace(REQUEST, body=body)

    assert codes(diagnose(FLOW1ST, sent(f"{int(right, 16):x}", request), SECRET)) == ("leading_zeros_lost",)


def test_another_secret_at_hand_is_named_and_not_shown() -> None:
    """
    A client that signs with another of its secrets hears with which, and neither of the two is in any text.
    """
    others = {"the API secret": b"another-secret-of-it", "the signing key of production": b"key-of-production"}
    text = f"PUT {PATH}/another-secret-of-it {TIME}"
    request = replace(REQUEST, path=f"{PATH}/another-secret-of-it")

    diagnosis = diagnose(ONEFLOW, sent(mac(text, key=b"key-of-production"), request), SECRET, others)

    assert [mistake.text for mistake in diagnosis.mistakes] == ["the key is the signing key of production"]
    assert [secret for secret in others.values() if secret.decode() in render(diagnosis)] == []


def test_accepted_form_of_the_path_is_no_mistake() -> None:
    """
    Where the decoded path verifies too, a client that signs it in lower case hears of the lower case alone.
    """
    scheme = replace(ONEFLOW, path_forms=("raw", "decoded", "mounted"))
    text = "PUT /w/abc/oneflow/api/order/ac Ct/SO-1/cancel 1726221600"

    assert codes(diagnose(scheme, sent(mac(f"put {unquote(PATH)} {TIME}")), SECRET)) == ("method_lower",)
    assert codes(diagnose(scheme, sent(mac(text)), SECRET)) == ("timestamp_format",)


def test_right_signature_verifies() -> None:
    """
    Of a right signature the diagnosis says that it verifies, and names nothing.
    """
    diagnosis = diagnose(ONEFLOW, sent(HEX), SECRET)

    assert diagnosis == Diagnosis(
        verifies=True,
        string_to_sign=RIGHT,
        expected_form="lower-case hex HMAC-SHA1 of METHOD path timestamp, separated by single blanks",
        mistakes=(),
        note="The signature verifies: nothing is wrong with it.",
        tried=0,
    )


@pytest.mark.parametrize("scheme", [ONEFLOW, replace(ONEFLOW, parts=(*ONEFLOW.parts, "body")), FLOW1ST, OTTER])
@pytest.mark.parametrize("length", [6, 20, 32, 64])
def test_wrong_secret_is_not_explained_away(scheme: SigningScheme, length: int) -> None:
    """
    A signature with another secret has no mistake, within the bound, and the note says what to check.
    """
    signature = mac(RIGHT, key=b"another secret", digest="sha512")[:length]

    diagnosis = diagnose(scheme, sent(signature), SECRET)

    assert diagnosis.mistakes == ()
    assert 0 < diagnosis.tried <= BOUND
    assert "check that the secret belongs to this token" in diagnosis.note


def test_large_body_does_not_make_the_search_long() -> None:
    """
    With a body of a megabyte the search stops by what it has hashed, long before it has tried everything.
    """
    request = sent(mac("no such text", digest="sha256"), replace(REQUEST, body=b"[" + b"1," * 500_000 + b"1]"))

    diagnosis = diagnose(FLOW1ST, request, SECRET)

    assert diagnosis.tried < 50
    assert len(diagnosis.string_to_sign) < 2_100


@pytest.mark.parametrize(
    ("signature", "says"),
    [
        ("", "empty: an HMAC-SHA1 in hex has 40 characters"),
        ("a" * 39, "not hex: 39 characters, an HMAC-SHA1 in hex has 40"),
        ("not a signature!", "not hex: 16 characters, an HMAC-SHA1 in hex has 40"),
        ("ü" * 40, "not hex: 40 characters, an HMAC-SHA1 in hex has 40"),
        ("ab" * 32, "of another length: 64 characters, an HMAC-SHA1 in hex has 40"),
    ],
)
def test_text_that_is_no_signature_is_called_so(signature: str, says: str) -> None:
    """
    Where the presented text cannot be a signature, the note says by which look.
    """
    assert f"The signature is {says}." in diagnose(ONEFLOW, sent(signature), SECRET).note


def test_vacuous_mistakes_are_not_reported() -> None:
    """
    A path without escapes, query or capitals offers nothing to explain, so one real mistake stays one.
    """
    plain = replace(REQUEST, path="/api/order", query="", mount="", headers=(), body=b"")

    assert codes(diagnose(ONEFLOW, sent(mac(f"put /api/order {TIME}"), plain), SECRET)) == ("method_lower",)


def test_secret_presented_as_token_is_said_without_it() -> None:
    """
    When the secret came as the token, the note says so, and once the caller knows the true token the key is named.
    """
    signature = mac(RIGHT, key=b"token-of-account")
    swapped = replace(sent(signature), token=SECRET.decode())

    assert diagnose(ONEFLOW, swapped, SECRET).note.startswith("Secret and token are swapped")
    assert codes(diagnose(ONEFLOW, sent(signature), SECRET)) == ("key_token",)


def test_control_characters_are_shown_escaped() -> None:
    """
    What the server signed is shown with control characters and backslashes escaped, so that no two texts look alike.
    """
    scheme = replace(FLOW1ST, separator="\n")

    assert diagnose(scheme, replace(REQUEST, body=b"a\\n\xff\t"), SECRET).string_to_sign == f"{TIME}\\na\\\\n\\\\xff\\t"


def test_rendered_diagnosis_is_plain_lines() -> None:
    """
    A rendered diagnosis reads from what was signed over the mistake to its mending.
    """
    assert render(diagnose(ONEFLOW, sent(mac(f"put {PATH} {TIME}")), SECRET)).splitlines() == [
        "The signature does not verify.",
        f"  server signed  {RIGHT}",
        f"  client signed  put {PATH} {TIME}",
        "  expected       lower-case hex HMAC-SHA1 of METHOD path timestamp, separated by single blanks",
        "  mistake        method_lower: the method is signed in lower case",
        "  fix            Sign the method as it is sent, PUT.",
        "  note           This mistake reproduces exactly what the client sent.",
    ]


def test_rendered_diagnosis_is_read_again() -> None:
    """
    The parts of a rendered diagnosis are those that it was made of; another explanation has none.
    """
    diagnosis = diagnose(ONEFLOW, sent(mac(f"put {PATH} {TIME}")), SECRET)

    assert read_rendered(render(diagnosis)) == {
        "server_signed": diagnosis.string_to_sign,
        "client_signed": diagnosis.client_signed,
        "expected": diagnosis.expected_form,
        "mistakes": [mistake._asdict() for mistake in diagnosis.mistakes],
        "note": diagnosis.note,
    }
    assert read_rendered("") is None
    assert read_rendered("The id was sent in the query.") is None


LABELS = "The signature does not verify.  server signed  client signed  expected  mistake  mend  note  "


@given(
    secret=st.text(min_size=8, max_size=40),
    place=st.sampled_from(["token", "path", "quoted path", "body", "query", "mount", "timestamp", "signature", "host"]),
    keyed=st.booleans(),
    scheme=st.sampled_from([ONEFLOW, FLOW1ST, replace(ONEFLOW, parts=("method", "path", "timestamp", "body"))]),
)
@example(secret="[secret]", place="path", keyed=True, scheme=ONEFLOW)
@example(secret="t]aaaaaa", place="body", keyed=True, scheme=FLOW1ST)
@example(secret="expected", place="token", keyed=False, scheme=ONEFLOW)
@example(secret="lower-case hex", place="token", keyed=True, scheme=ONEFLOW)
@example(secret="\n" * 8, place="body", keyed=True, scheme=FLOW1ST)
@example(secret="\\" * 8, place="body", keyed=False, scheme=FLOW1ST)
@settings(max_examples=40, deadline=None)
def test_secret_is_in_no_text(secret: str, place: str, keyed: bool, scheme: SigningScheme) -> None:
    """
    Wherever a careless client put the secret, no text of the diagnosis holds it.
    """
    raw = secret.encode()
    places: dict[str, dict[str, object]] = {
        "token": {"token": secret},
        "path": {"path": f"/api/{secret}/x"},
        "quoted path": {"path": f"/api/{quote(raw, safe='')}/x"},
        "body": {"body": b'{"a":"' + raw * 2 + b'"}'},
        "query": {"query": f"key={secret}"},
        "mount": {"mount": f"/w/{secret}"},
        "timestamp": {"timestamp": f"1700000000{secret}"},
        "signature": {},
        "host": {"headers": (("Host", secret), (f"Date-{secret}", "Fri, 13 Sep 2024 10:00:07 GMT"))},
    }
    request = replace(REQUEST, **places[place])  # type: ignore[arg-type]  # the fields are checked by the dataclass
    host = f"http://{secret}" if place == "host" else ""
    signed = {  # with a mistake each, so that its text is judged too
        "method": request.method,
        "path": host + request.mount + request.path,
        "timestamp": f'"{request.timestamp}"',
        "body": request.body.decode(),
    }
    text = scheme.separator.join(signed[part] for part in scheme.parts)
    signature = secret if place == "signature" else mac(text, raw if keyed else b"another", scheme.digest).hex()

    diagnosis = diagnose(scheme, replace(request, signature=signature), raw)

    texts = [diagnosis.string_to_sign, diagnosis.expected_form, diagnosis.note]
    texts += [text for mistake in diagnosis.mistakes for text in mistake]
    assert [text for text in texts if secret in text] == []
    assert secret in LABELS or secret not in render(diagnosis)


@given(
    sent_text=st.text(
        st.characters(exclude_categories=["Cs"]) | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF)
    ),
    signature=st.text(max_size=44) | st.text("0123456789abcdef", min_size=8, max_size=130),
    body=st.binary(max_size=20) | st.just(b"[" * 10_000) | st.just(b'{"a":NaN,"\\ud800":1e999}'),
    scheme=st.sampled_from([ONEFLOW, FLOW1ST, OTTER]),
)
@settings(max_examples=30, deadline=None)
def test_nothing_that_is_sent_breaks_the_diagnosis(
    sent_text: str, signature: str, body: bytes, scheme: SigningScheme
) -> None:
    """
    Whatever came over the wire, bytes that are no text included, there is a diagnosis, within the bound.
    """
    headers = (("Host", sent_text), ("Date", sent_text))
    request = replace(REQUEST, path=f"/{sent_text}", timestamp=sent_text, headers=headers, body=body, token=sent_text)

    diagnosis = diagnose(scheme, replace(request, query=sent_text, signature=signature), SECRET)

    assert diagnosis.tried <= BOUND
    assert set(codes(diagnosis)) <= {"token_form"}  # (what is sent as the token may have blanks or quotes around it)


@dataclass(frozen=True)
class Slip:
    """One mistake made by hand: what the client signs of method, path and timestamp, and how."""

    code: str
    make: Callable[[str, str, str, bytes], str]


SLIPS = [
    Slip("method_lower", lambda m, p, t, k: mac(f"{m.lower()} {p} {t}", k).hex()),
    Slip("base_missing", lambda m, p, t, k: mac(f"{m} {p.removeprefix('/api')} {t}", k).hex()),
    Slip("path_decoded", lambda m, p, t, k: mac(f"{m} {unquote(p)} {t}", k).hex()),
    Slip("slash_added", lambda m, p, t, k: mac(f"{m} {p}/ {t}", k).hex()),
    Slip("separator", lambda m, p, t, k: mac("\n".join((m, p, t)), k).hex()),
    Slip("separator_missing", lambda m, p, t, k: mac(m + p + t, k).hex()),
    Slip("separator_missing_before_timestamp", lambda m, p, t, k: mac(f"{m} {p}{t}", k).hex()),
    Slip("timestamp_quoted", lambda m, p, t, k: mac(f'{m} {p} "{t}"', k).hex()),
    Slip("trailing_newline", lambda m, p, t, k: mac(f"{m} {p} {t}\n", k).hex()),
    Slip("key_blank", lambda m, p, t, k: mac(f"{m} {p} {t}", k + b"\n").hex()),
    Slip("digest", lambda m, p, t, k: mac(f"{m} {p} {t}", k, "sha256").hex()),
    Slip("base64", lambda m, p, t, k: base64.b64encode(mac(f"{m} {p} {t}", k)).decode()),
    Slip("truncated", lambda m, p, t, k: mac(f"{m} {p} {t}", k).hex()[:30]),
    Slip("hash_secret_first", lambda m, p, t, k: hashlib.sha1(k + f"{m} {p} {t}".encode()).hexdigest()),
]


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    segments=st.lists(st.text(min_size=1, max_size=8).map(lambda text: quote(text, safe="")), min_size=1, max_size=4),
    timestamp=st.datetimes().map(lambda moment: moment.isoformat() + "Z") | st.integers(0, 2**40).map(str),
    secret=st.binary(min_size=1, max_size=40),
    slip=st.sampled_from(SLIPS),
)
@settings(max_examples=150, deadline=None)
def test_any_single_slip_is_found(method: str, segments: list[str], timestamp: str, secret: bytes, slip: Slip) -> None:
    """
    Whatever is requested, a client's one mistake is found, or the signature is right in spite of it.
    """
    path = "/api/" + "/".join(segments)
    signature = slip.make(method, path, timestamp, secret)
    request = replace(REQUEST, method=method, path=path, timestamp=timestamp, signature=signature)

    diagnosis = diagnose(ONEFLOW, request, secret)

    assert diagnosis.verifies == verify(ONEFLOW, request, secret)
    assert diagnosis.verifies or codes(diagnosis) == (slip.code,)
