"""Finding the operation of a request, and checking an exchange."""

from pathlib import Path

import pytest

from flowproof.conformance import Contract, check, load_contract
from flowproof.errors import ContractError
from flowproof.exchange import Exchange

NOTES = Path(__file__).parents[1] / "kernel" / "notes"
JSON = (("Content-Type", "application/json; charset=utf-8"),)


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The contract of the provider of notes."""
    return load_contract("notes", NOTES)


def make_exchange(
    method: str = "POST",
    path: str = "/notes",
    query: str = "",
    sent: bytes = b'{"text":"a"}',
    status: int = 201,
    got: bytes = b'{"text":"a"}',
    headers: tuple[tuple[str, str], ...] = JSON,
) -> Exchange:
    """An exchange that creates a note, with changes."""
    return Exchange(method, path, query, JSON, sent, status, headers, got)


@pytest.mark.parametrize(
    ("method", "path", "operation", "parameters"),
    [
        ("GET", "/notes", "listNotes", {}),
        ("HEAD", "/notes", "listNotes", {}),
        ("POST", "/notes", "createNote", {}),
        ("GET", "/n%6ftes", "listNotes", {}),
        ("GET", "/notes/a%2Fb", "getNote", {"noteId": "a/b"}),
        ("GET", "/notes/a%252Fb", "getNote", {"noteId": "a%2Fb"}),
        ("GET", "/notes/%7Euser", "getNote", {"noteId": "~user"}),
        ("DELETE", "/notes/1", "deleteNote", {"noteId": "1"}),
    ],
)
def test_operation_is_found_with_its_parameters(
    contract: Contract, method: str, path: str, operation: str, parameters: dict[str, str]
) -> None:
    """Method and path select the operation; parameters are decoded once, HEAD is GET."""
    match = contract.operations.find(method, path)

    assert match is not None
    assert (match.operation.id, match.path_parameters) == (operation, parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/notes"),
        ("GET", "/notes/"),
        ("GET", "//notes"),
        ("GET", "/notes/a/b"),
        ("GET", "/notes%2F1"),
        ("GET", ""),
    ],
)
def test_other_paths_have_no_operation(contract: Contract, method: str, path: str) -> None:
    """Another method, an extra slash or an encoded separator is another path."""
    assert contract.operations.find(method, path) is None


@pytest.mark.parametrize(
    ("requested", "nearest"),
    [
        ("POST /note", "createNote"),
        ("DELETE /note/1", "deleteNote"),
        ("GET /" + "x" * 10**6, None),
    ],
)
def test_nearest_operation_looks_alike(contract: Contract, requested: str, nearest: str | None) -> None:
    """A misspelt path gives the most similar operation; a path of a megabyte costs no time."""
    method, _, path = requested.partition(" ")
    found = contract.operations.nearest(method, path)

    assert found is not None
    assert nearest is None or found.id == nearest


@pytest.mark.parametrize(
    ("requested", "slip", "operation"),
    [
        ("POST //notes", "a double slash", "createNote"),
        ("DELETE /notes//1", "a double slash", "deleteNote"),
        ("POST /notes/", "a slash at its end", "createNote"),
        ("POST /Notes", "capital letters", "createNote"),
        ("POST //Notes/", "a double slash and a slash at its end and capital letters", "createNote"),
    ],
)
def test_slip_in_a_path_is_a_near_miss(contract: Contract, requested: str, slip: str, operation: str) -> None:
    """A path that is right but for a doubled slash, one at its end or capital letters is told its operation."""
    method, _, path = requested.partition(" ")
    missed = contract.operations.near_miss(method, path)

    assert missed is not None
    assert (missed[0], missed[1].id) == (slip, operation)


@pytest.mark.parametrize("requested", ["POST /notes", "POST /note", "PATCH //notes", "GET /", "GET //"])
def test_other_paths_are_no_near_miss(contract: Contract, requested: str) -> None:
    """A path that is right, and one that is wrong in more than such a slip, have none."""
    assert contract.operations.near_miss(*requested.split(" ")) is None


@pytest.mark.parametrize(
    "exchange",
    [
        make_exchange(),
        make_exchange(sent=b'{"text":""}', status=400, got=b'{"oops":"400"}'),
        make_exchange(sent=b"{", status=400, got=b'{"oops":"400"}'),
        make_exchange("GET", "/notes", "page=1&weight=0.5", b"", 200, b"5"),
        make_exchange("HEAD", "/notes", "", b"", 200, b""),
        make_exchange("DELETE", "/notes/1", "", b"", 204, b"", ()),
        make_exchange("POST", "/optional", "", b"", 200, b"{}"),
        make_exchange("GET", "/nothing", "", b"", 404, b"", ()),
        make_exchange("PATCH", "/notes", "", b"", 405, b"", ()),
    ],
    ids=range(9),
)
def test_exchange_that_keeps_its_contract_has_no_findings(contract: Contract, exchange: Exchange) -> None:
    """An accepted valid request and a refused invalid one have no findings."""
    assert check(contract, exchange) == ()


@pytest.mark.parametrize(
    ("exchange", "where", "pointer"),
    [
        (make_exchange(sent=b'{"text":""}'), "request.body", "/text"),
        (make_exchange(sent=b"{"), "request.body", ""),
        (make_exchange(sent=b""), "request.body", ""),
        (make_exchange("POST", "/optional", "", b"null", 200, b"{}"), "request.body", ""),
        (make_exchange("GET", "/notes", "page=0", b"", 200, b"5"), "request.query", "/page"),
        (make_exchange("GET", "/notes", "page=x&page=1", b"", 200, b"5"), "request.query", "/page"),
        (make_exchange("GET", "/notes", "page=1&page=x", b"", 200, b"5"), "request.query", "/page"),
        (make_exchange("GET", "/notes", "weight=nan", b"", 200, b"5"), "request.query", "/weight"),
        (make_exchange(got=b'{"text":""}'), "response.body", "/text"),
        (make_exchange(got=b"oops"), "response.body", ""),
        (make_exchange(status=404, got=b'{"message":"x"}'), "response.body", "/oops"),
        (make_exchange("GET", "/liar", "", b"", 404, b"{}"), "response.status", ""),
        (make_exchange(headers=(("content-type", "text/html"),)), "response.headers", "/content-type"),
        (make_exchange(headers=()), "response.headers", "/content-type"),
        (make_exchange("HEAD", "/notes", "", b"", 200, b"", ()), "response.headers", "/content-type"),
        (make_exchange("GET", "/nothing", "", b"", 200, b"{}"), "response.status", ""),
    ],
    ids=range(16),
)
def test_breach_is_found_at_its_place(contract: Contract, exchange: Exchange, where: str, pointer: str) -> None:
    """Each difference in request or response is found at its place."""
    found = check(contract, exchange)

    assert (where, pointer) in {(each.where, each.pointer) for each in found}


def test_broken_contract_folders_are_named(tmp_path: Path) -> None:
    """
    A missing or broken file of a contract is a ContractError that names it.
    """
    with pytest.raises(ContractError, match=r"openapi\.yaml cannot be read"):
        load_contract("x", tmp_path)
    (tmp_path / "openapi.yaml").write_text("{")
    with pytest.raises(ContractError, match=r"openapi\.yaml"):
        load_contract("x", tmp_path)
    (tmp_path / "openapi.yaml").write_text("openapi: 3.0.3")
    with pytest.raises(ContractError, match=r"must be 3\.1"):
        load_contract("x", tmp_path)
    (tmp_path / "openapi.yaml").write_text("openapi: 3.1.0\npaths: {}")
    (tmp_path / "requirements.toml").write_text("[[requirement]]\nid = 5")
    with pytest.raises(ContractError, match=r"requirements\.toml"):
        load_contract("x", tmp_path)
