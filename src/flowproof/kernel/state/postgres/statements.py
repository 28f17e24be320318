"""Statements, the encoding of their parameters, and the decoding of what they return."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from flowproof.errors import StoreError

__all__ = ["Statement", "Value", "decoder", "encoded", "key_from_bytes", "key_to_bytes"]

Value = str | int | bool | bytes | Sequence[str] | None
TEXT, BINARY = 0, 1  # formats of a parameter (PostgreSQL's "Frontend/Backend Protocol")
LIMIT = 2**63  # of a bigint


class Statement:
    """
    A statement that is prepared once on each connection.

    Args:
        sql: With ``$1``, ``$2`` … for its parameters.
    """

    __slots__ = ("name", "sql", "writes")

    def __init__(self, sql: str) -> None:
        self.sql = sql.encode()
        self.writes = not sql.startswith("SELECT")
        self.name = sha256(self.sql).hexdigest()[:16].encode()


class Encoded(NamedTuple):
    """The parameters of a statement as they go over the wire."""

    values: list[bytes | None]
    formats: list[int]


def encoded(values: Sequence[Value]) -> Encoded:
    """
    Encode the parameters of a statement.

    Raises:
        StoreError: PostgreSQL cannot keep one of them.
    """
    return Encoded([_encoded(each) for each in values], [BINARY if type(each) is bytes else TEXT for each in values])


def _encoded(value: Value) -> bytes | None:
    match value:
        case None | bytes():
            return value
        case bool():
            return b"t" if value else b"f"
        case int():
            if not -LIMIT <= value < LIMIT:
                raise StoreError("the state cannot be read or written: a number has more than 64 bits")
            return b"%d" % value
        case str():
            return _text(value)
        case _:
            return b"{%b}" % b",".join(b'"%b"' % _text(each) for each in value)


def _text(value: str) -> bytes:
    try:
        text = value.encode()
    except UnicodeEncodeError as error:
        raise StoreError("the state cannot be read or written: a name is no Unicode text") from error
    if b"\0" in text:
        raise StoreError("the state cannot be read or written: a name has a zero byte")
    return text


def key_to_bytes(key: str) -> bytes:
    """A key that clients choose, as it is kept: unlike PostgreSQL's text, it may have any character."""
    return key.encode("utf-8", "surrogatepass")


def key_from_bytes(key: bytes) -> str:
    return key.decode("utf-8", "surrogatepass")


def _integer(value: bytes) -> int:
    return int.from_bytes(value, "big", signed=True)


def _boolean(value: bytes) -> bool:
    return value != b"\0"


# By the type's number in PostgreSQL: bool, bytea, bigint, integer, text, pg_lsn.
DECODERS: dict[int, Callable[[bytes], Any]] = {
    16: _boolean,
    17: bytes,
    20: _integer,
    23: _integer,
    25: bytes.decode,
    3220: _integer,
}


def decoder(type_number: int) -> Callable[[bytes], Any]:
    """What reads a value of a type in PostgreSQL's binary format; a type without an entry has no value but null."""
    return DECODERS[type_number]
