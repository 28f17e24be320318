"""Reading requests: whatever comes over the wire, the answer is the provider's own, and nothing breaks the server."""

import json
import socket

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flowproof.kernel.http.body import read_json
from flowproof.kernel.refusals import MalformedBody
from flowproof.kernel.serving import Server
from tests.kernel.notes.desk import Desk, make_desk

pytestmark = pytest.mark.usefixtures("quiet")

JSON = {"content-type": "application/json"}
DEEP = b'{"text":"a","deep":%s%s}'


def post(desk: Desk, body: bytes, **headers: str) -> requests.Response:
    """A note as bytes."""
    return desk.ask(
        "POST", "/notes", data=body, headers=JSON | {name.replace("_", "-"): v for name, v in headers.items()}
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"null",
        b"[]",
        b'{"text":NaN}',
        b'{"text":"a","n":Infinity}',
        b'{"text":"a","n":-Infinity}',
        b'{"text":"a","n":1e999}',
        b'{"text":"a","n":' + b"9" * 5000 + b"}",
        b'{"text":"a","text":"b"}',
        b'{"text":"a","in":[{"b":1,"b":1}]}',
        b'{"text":"a","\\u0074ext":"b"}',
        b'{"text":"a","x:y":1,"x:y":2}',
        b'{"text":"a","x":"::","x":"::"}',
        b'{"text":"\\ud800"}',
        b'{"text":"\\udc00\\ud800"}',
        b'{"text":"\xff"}',
        b'{"text":"\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"text":"a"}',
        '{"text":"a"}'.encode("utf-16"),
        b'{"text":"a"}{"text":"b"}',
        b"{'text':'a'}",
        b'{"text":"a",}',
        b'{"text":"a\x00"}',
        DEEP % (b"[" * 100, b"]" * 100),
        DEEP % (b'{"a":' * 100, b"1" + b"}" * 100),
        DEEP % (b"[" * 40_000, b"]" * 40_000),
        b"[" * 90_000,
    ],
    ids=range(29),
)
def test_body_that_cannot_be_read_one_way_only_is_refused(desk: Desk, body: bytes) -> None:
    """
    What is no JSON, or what two parsers might read differently, gets the provider's own 400 and changes nothing.
    """
    answer = post(desk, body)

    assert (answer.status_code, answer.json(), desk.texts()) == (400, {"oops": "400"}, [])


@pytest.mark.parametrize(
    "body",
    [
        b' {"text":"a"}\n',
        b'{"text":"\\ud83d\\ude00"}',
        b'{"text":"a:b","x:y":{"z":":"},"x:z":1}',
        DEEP % (b"[" * 99, b"]" * 99),
        b'{"text":"a:b","n":0.' + b"0" * 5000 + b"1}",
        b'{"text":"a:b","n":123456789012345678901234567890}',
    ],
    ids=range(6),
)
def test_body_that_is_only_unusual_is_accepted(desk: Desk, body: bytes) -> None:
    """
    Colons in texts, escapes, blanks, a hundred levels and long numbers are JSON.
    """
    assert post(desk, body).status_code == 201


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 201),
        ('Application/JSON;charset="UTF-8"', 201),
        ("application/json;v=1", 201),
        ("application/json; charset=latin-1", 400),
        ("text/plain", 400),
        ("application/json5", 400),
        ("", 400),
        ("multipart/form-data", 400),
    ],
)
def test_content_type_must_be_json_in_utf8(desk: Desk, content_type: str, status: int) -> None:
    """
    Another media type or charset gets the provider's own 400.
    """
    assert post(desk, b'{"text":"a"}', content_type=content_type).status_code == status


def test_missing_content_type_is_refused(desk: Desk) -> None:
    """
    A body without a Content-Type is not guessed at.
    """
    assert desk.ask("POST", "/notes", data=b'{"text":"a"}').status_code == 400


@pytest.mark.parametrize(("body", "status"), [(b"", 200), (b"{}", 200), (b"null", 400), (b"[]", 400), (b"{", 400)])
def test_optional_body_is_checked_where_it_is_sent(desk: Desk, body: bytes, status: int) -> None:
    """
    A body that may be left out must still be right where it is there, null included.
    """
    assert desk.ask("POST", "/optional", data=body, headers=JSON).status_code == status


@pytest.mark.parametrize("chunked", [False, True])
def test_body_too_large_is_answered_and_readable(desk: Desk, chunked: bool) -> None:
    """
    A body over the limit, announced or chunked, gets the provider's own 413 while the client still sends.
    """
    body = b'{"text":"%s"}' % (b"x" * 3_000_000)
    pieces = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
    answer = desk.ask("POST", "/notes", data=pieces if chunked else body, headers=JSON)

    assert (answer.status_code, answer.json(), desk.texts()) == (413, {"oops": "413"}, [])


@pytest.mark.parametrize(("size", "status"), [(100_000, 201), (100_001, 413)])
def test_limit_is_exact(desk: Desk, size: int, status: int) -> None:
    """
    A body of exactly the limit is accepted, one byte more is not.
    """
    body = b'{"text":"%s"}' % (b"x" * (size - 11))

    assert (len(body), post(desk, body).status_code) == (size, status)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PATCH", "/notes", 405),
        ("OPTIONS", "/notes", 405),
        ("PUT", "/notes/1", 405),
        ("GET", "/nothing", 404),
        ("GET", "", 404),
        ("GET", "/", 404),
        ("GET", "/notes/", 404),
        ("GET", "//notes", 404),
        ("GET", "/notes//1", 404),
        ("GET", "/notes/a/b", 404),
        ("GET", "/n%6Ftes", 200),
        ("GET", "/notes/%C3%A4", 404),
        ("GET", "/notes/%FF", 404),
        ("GET", "/notes/%00", 404),
        ("GET", "/notes/" + "x" * 30_000, 404),
        ("GET", "/" + "x" * 30_000, 404),
        ("GET", "/notes?page=0", 400),
        ("GET", "/notes?page=1&page=x", 400),
        ("GET", "/notes?page=x&page=1", 400),
        ("GET", "/notes?page=" + "9" * 5000, 400),
        ("GET", "/notes?page=%D9%A3", 400),
        ("GET", "/notes?page=", 400),
        ("GET", "/notes?weight=nan", 400),
        ("GET", "/notes?weight=inf", 400),
        ("GET", "/notes?weight=1e999", 400),
        ("GET", "/notes?weight=1.5", 200),
        ("GET", "/notes?%FF=%FE&&=", 200),
    ],
)
def test_method_path_and_query_get_the_providers_words(desk: Desk, method: str, path: str, status: int) -> None:
    """
    Methods, paths and queries that the provider does not know get its own errors; equal paths the same answer.
    """
    answer = desk.ask(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("sent", "meant"), [("echo:a%2Fb", "a/b"), ("echo:a%252Fb", "a%2Fb"), ("echo%3Aä", "ä"), ("echo:a+b%20c", "a+b c")]
)
def test_parameter_of_the_path_is_decoded_once(desk: Desk, sent: str, meant: str) -> None:
    """
    A slash inside a parameter is no separator, and a percent sign is decoded once.
    """
    assert desk.ask("GET", f"/notes/{sent}").json() == {"text": f"echo:{meant}"}


def test_long_header_is_no_trouble(desk: Desk) -> None:
    """
    A header of fifty thousand characters is taken.
    """
    assert desk.ask("GET", "/notes", headers={"x-long": "x" * 50_000}).status_code == 200


def test_connection_stays_open_after_refusals(desk: Desk) -> None:
    """
    On one connection refusals and successes follow each other.
    """
    with requests.Session() as session:
        session.headers["x-key"] = desk.key
        statuses = [
            session.post(f"{desk.url}/notes", data=body, headers=JSON, timeout=5).status_code
            for body in (b"{", b'{"text":"a"}', b'{"text":1}', b"x" * 200_000, b'{"text":"b"}')
        ]

    assert statuses == [400, 201, 400, 413, 201]


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "a"]) | st.text(), inner, max_size=3)
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.binary(max_size=200)
    | st.text(alphabet='{}[]":,\\u0dabc \n1eE.-', max_size=40).map(str.encode)
    | DOCUMENTS.map(json.dumps).map(str.encode)
)
@example(b'{"text":"a","n":1E400}')
@example(b"null")
def test_whatever_the_body_the_answer_is_documented(server: Server, body: bytes) -> None:
    """
    Whatever bytes are sent as a body, the answer is success or a documented error, never a 500 and never a traceback.
    """
    desk = make_desk(server)
    answer = post(desk, body)

    assert answer.status_code in (201, 400)
    if answer.status_code == 400:
        assert answer.json() == {"oops": "400"}
    assert desk.journal()[0]["response"]["status"] == answer.status_code
    desk.control("DELETE", "")


@given(
    st.dictionaries(
        st.text(max_size=3), st.integers(-(2**53), 2**53) | st.text(alphabet='a:{"\\', max_size=4), max_size=4
    ),
    st.booleans(),
    st.sampled_from([":", ": ", " :", "\n:", "\t:", "\r:"]),
    st.sampled_from(["again", "\\u0061gain"]),
    st.booleans(),
)
@example({"a": '":'}, True, ":", "again", True)  # written anew, the text makes up for the key that is lost
@example({"a": 1}, True, " :", "again", True)
def test_repeated_key_is_found_wherever_it_hides(
    value: dict[str, object], repeated: bool, colon: str, again: str, ascii_only: bool
) -> None:
    """
    An object is refused exactly when one of its keys comes twice, however it is spelled and whatever its texts look
    like.
    """
    members = [
        f"{json.dumps(key, ensure_ascii=ascii_only)}{colon}{json.dumps(each, ensure_ascii=ascii_only)}"
        for key, each in value.items()
    ]
    if repeated:
        members += ['"again":1', f'"{again}":":"']
    body = f'[{{"in": {{{", ".join(members)}}}}}]'.encode()

    if repeated:
        with pytest.raises(MalformedBody, match="each key once"):
            read_json(body, "application/json", ("application/json",))
    else:
        assert read_json(body, "application/json", ("application/json",)) == [{"in": value}]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\x16\x03\x01" * 50,
        b"GET\r\n\r\n",
        b"BREW /notes/notes HTTP/1.1\r\n\r\n",
        b"GET /notes/\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /notes/\xc3\xa4 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /notes/notes HTTP/9.9\r\n\r\n",
        b"POST /notes/notes HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
        b"POST /notes/notes HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST /notes/notes HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /notes/notes HTTP/1.1\r\nx-\xff: \xff\xfe\r\nhost: \xff\r\n\r\n",
        b"GET /_flowproof/health HTTP/1.1\r\nhost: \xff\r\norigin: \xff://[\r\n\r\n",
        b"GET /notes/notes HTTP/1.0\r\n\r\n",
    ],
    ids=range(14),
)
def test_garbage_on_the_socket_does_not_stop_the_server(server: Server, desk: Desk, garbage: bytes) -> None:
    """
    What is no HTTP, or barely, is answered with an error or a close; the next request is served.
    """
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        raw.sendall(garbage)
        raw.shutdown(socket.SHUT_WR)
        answer = raw.recv(65536)

    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert desk.write().status_code == 201


PROTOCOLS = {
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": "a TLS handshake, and this port speaks plain HTTP",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12\x04\x00": "the preface of HTTP/2",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 51234 80\r\nGET / HTTP/1.1\r\n\r\n": "the PROXY protocol of a load balancer",
    b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c": "the PROXY protocol of a load balancer",
    b"\x05\x01\x00": "the greeting of a SOCKS client",
    b"\x04\x01\x00\x50\xc0\x00\x02\x01\x00": "the greeting of a SOCKS client",
    b"SSH-2.0-OpenSSH_9.6\r\n": "the greeting of an SSH client",
    b"EHLO localhost\r\n": "a command of a mail client",
}


@pytest.mark.parametrize("first_bytes", PROTOCOLS, ids=range(len(PROTOCOLS)))
def test_another_protocol_on_the_port_is_named(
    server: Server, desk: Desk, caplog: pytest.LogCaptureFixture, first_bytes: bytes
) -> None:
    """
    A client of another protocol, such as TLS or HTTP/2, is answered and logged with what it was and what to do.
    """
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        raw.sendall(first_bytes)
        answer = raw.recv(65536)

    named = f"This is {PROTOCOLS[first_bytes]}"
    assert (answer[:12], named.encode() in answer) == (b"HTTP/1.1 400", True)
    assert [named in each.getMessage() for each in caplog.records if each.levelname == "WARNING"] == [True]
    assert desk.write().status_code == 201


@pytest.mark.parametrize("line", ["GET {}\r\n", "\r\nGET {}\n", "GET {}\r\n\r\n"])
def test_request_line_without_a_version_is_refused_at_once(server: Server, desk: Desk, line: str) -> None:
    """
    A request of HTTP/0.9, which is one line without a version, gets a 400 that says so, and the connection ends.
    """
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as raw:
        raw.sendall(line.format(f"/w/{desk.id}/notes/notes").encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))

    (entry,) = desk.journal()
    assert (answer[:12], b"connection: close" in answer) == (b"HTTP/1.1 400", True)
    assert "names no version" in entry["findings"][0]["got"]
    assert desk.write().status_code == 201


def test_half_a_request_is_not_processed(server: Server, desk: Desk) -> None:
    """
    A client that leaves before its body is whole has sent nothing: no change, no exchange.
    """
    lines = ("host: localhost", f"x-key: {desk.key}", "content-type: application/json")
    head = "\r\n".join([f"POST /w/{desk.id}/notes/optional HTTP/1.1", *lines])
    for body in (b"", b"{}"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
            raw.sendall(f"{head}\r\ncontent-length: 100\r\n\r\n".encode() + body)
    desk.ask("GET", "/notes")

    assert [entry["operation"] for entry in desk.journal()] == ["listNotes"]
