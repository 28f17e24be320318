"""A body that is not what was expected is called what it is, from its bytes alone."""

import gzip
import json
import zlib
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowproof.kernel.http.foreign_body import foreign_body

TEXT = '{"name": "Zoë Müller", "a": [1]}'
LATIN_1 = "a body in Latin-1 or Windows-1252 (byte 0xeb at 12): send it as UTF-8"


@pytest.mark.parametrize(
    ("body", "content_encoding", "said"),
    [
        (
            gzip.compress(TEXT.encode(), mtime=0),
            "gzip",
            "compressed with gzip (Content-Encoding: gzip): send it uncompressed",
        ),
        (gzip.compress(TEXT.encode(), mtime=0), None, "compressed with gzip: send it uncompressed"),
        (zlib.compress(TEXT.encode()), "deflate", "compressed with deflate (Content-Encoding: deflate)"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "zstd", "compressed with zstd (Content-Encoding: zstd)"),
        (b"\x0b\x02\x80{}\x03", "br", "that a header calls compressed (Content-Encoding: br)"),
        (TEXT.encode("utf-16"), None, "a body in UTF-16: send it as UTF-8"),
        (TEXT.encode("utf-16-le"), None, "a body in UTF-16: send it as UTF-8"),
        (TEXT.encode("utf-16-be"), None, "a body in UTF-16: send it as UTF-8"),
        (TEXT.encode("utf-32"), None, "a body in UTF-32: send it as UTF-8"),
        (TEXT.encode("utf-32-le"), None, "a body in UTF-32: send it as UTF-8"),
        (TEXT.encode("utf-32-be"), None, "a body in UTF-32: send it as UTF-8"),
        (TEXT.encode("utf-8-sig"), None, "a body that begins with a byte order mark: send it without the mark"),
        (TEXT.encode("latin-1"), None, LATIN_1),
        (TEXT.encode("cp1252"), "identity", LATIN_1),
        (b'{"a": "\xe9', None, "neither UTF-8 nor compressed in a way that is known (byte 0xe9 at 7)"),
        (urlencode({"a": 1, "b": "ä"}).encode(), None, "a form, as of an HTML page"),
        (b"<?xml version='1.0'?><a/>", None, "XML or HTML"),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--', None, "a multipart form"),
        (repr(json.loads(TEXT)).encode(), None, "a dict as Python prints it: make JSON of it, with json.dumps"),
        (b"[object Object]", None, "an object that JavaScript made text of: make JSON of it, with JSON.stringify"),
    ],
)
def test_foreign_body_is_called_what_it_is(body: bytes, content_encoding: str | None, said: str) -> None:
    """Compression, encoding or kind of a body is named, with what to do about it."""
    assert said in foreign_body(body, content_encoding)


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": 1,}', b"nothing in particular", b"[1, 2"])
def test_plain_mistake_in_json_is_left_to_the_parser(body: bytes) -> None:
    """Of text that is JSON but for a mistake nothing is said: the parser says where it is."""
    assert foreign_body(body, None) == ""


@given(body=st.binary(max_size=200), content_encoding=st.none() | st.text(max_size=12))
@settings(max_examples=100)
def test_nothing_that_is_sent_breaks_the_judgement(body: bytes, content_encoding: str | None) -> None:
    """Whatever a body is, what is said of it is one printable line."""
    said = foreign_body(body, content_encoding)

    assert said.isprintable()
