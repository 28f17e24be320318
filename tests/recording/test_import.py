"""`flowproof import`: recorded traffic as cases, without secrets, or a sentence and no file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flowproof.cli import main
from flowproof.redaction.encodings import all_encodings

from .archives import (
    ISSUED,
    KEY,
    MAIL,
    PERSON,
    PLANTED,
    archive,
    entry,
    json_content,
    order_archive,
    order_collection,
    posted,
)


def run(*arguments: object) -> Result:
    """A command line."""
    return CliRunner().invoke(main, [str(each) for each in arguments])


def imported(folder: Path, document: Any, *options: str, provider: str = "oneflow", name: str = "shop.har") -> Any:
    """The case that comes of a document."""
    file = folder / name
    file.write_text(json.dumps(document), encoding="utf-8")
    result = run("import", provider, file, "--output", folder / "cases", *options)
    assert result.exit_code == 0, result.output
    (written,) = (folder / "cases").iterdir()
    return json.loads(written.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", [order_archive, order_collection])
def test_planted_secret_is_in_no_file(document: Callable[[], Any], tmp_path: Path) -> None:
    """No secret and nothing personal reaches the case or the output, in whatever encoding, wherever it was planted."""
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(document()), encoding="utf-8")
    result = run("import", "oneflow", file, "--output", tmp_path / "cases")
    texts = [result.output, *(each.read_text(encoding="utf-8") for each in (tmp_path / "cases").iterdir())]

    assert result.exit_code == 0, result.output
    assert [
        (secret, form) for secret in PLANTED for form in all_encodings(secret) for text in texts if form in text
    ] == []


def test_same_value_has_the_same_placeholder(tmp_path: Path) -> None:
    """A person has one placeholder in the whole recording, of the person's own form."""
    case = imported(tmp_path, order_archive())
    order = case["steps"][0]["request"]["body"]["orderData"]
    placeholder = order["customerName"]

    assert order["shipments"][0]["shipTo"]["name"] == placeholder
    assert case["steps"][1]["expect"]["body"]["orderData"]["customerName"] == placeholder
    assert [len(each) for each in placeholder.split()] == [len(each) for each in PERSON.split()]
    assert order["shipments"][0]["shipTo"]["email"].endswith("@example.com")


def test_value_of_an_answer_is_bound_where_it_reappears(tmp_path: Path) -> None:
    """The id of an answer is saved, and the later request names it; a pause between requests is kept."""
    first, second, _ = imported(tmp_path, order_archive())["steps"]

    assert first["save"]["id"] == "/_id"
    assert second["request"]["path"] == "/api/order/{id}"
    assert second["expect"]["body"]["_id"] == "{id}"
    assert second["advance_s"] == 2.0


def test_collection_with_saved_responses_is_bound_too(tmp_path: Path) -> None:
    """A Postman collection's variables are resolved, those of a path too, and its folders are read in order."""
    first, second = imported(tmp_path, order_collection(), name="shop.postman_collection.json")["steps"]

    assert (first["request"]["method"], first["request"]["path"], first["expect"]["status"]) == (
        "POST",
        "/api/order",
        201,
    )
    assert second["request"]["path"] == "/api/order/{id}"


def test_secret_that_the_client_never_sent_is_expected_as_anything(tmp_path: Path) -> None:
    """What only the provider knew cannot be the same the next time."""
    case = imported(tmp_path, order_archive())

    assert case["steps"][1]["expect"]["body"]["session"]["accessToken"] == {"$any": True}


def test_refused_request_keeps_wrong_credentials(tmp_path: Path) -> None:
    """A request that was refused with 401 is sent without a signature, with credentials of the same form."""
    request = imported(tmp_path, order_archive())["steps"][2]["request"]

    assert request["sign"] is False
    assert "x-oneflow-authorization" in request["headers"]


def test_names_say_what_is_secret_and_what_is_not(tmp_path: Path) -> None:
    """--redact takes a member out, --keep leaves one in."""
    case = imported(tmp_path, order_archive(), "--redact", "sku", "--keep", "customerName", "--keep", "name")
    order = case["steps"][0]["request"]["body"]["orderData"]

    assert order["items"][0]["sku"] != "SKU-CODE-X"
    assert order["customerName"] == PERSON


def test_number_and_repeated_parameter_are_sent_as_recorded(tmp_path: Path) -> None:
    """A number that is bound stays a number in JSON, and a parameter that occurs twice is sent twice."""
    document = archive(
        entry(
            "GET",
            "https://x.test/api/order?page=1&tag=a&tag=b",
            200,
            answered=json_content({"batch_id": 731}),
            second=1,
        ),
        entry("POST", "https://x.test/api/order/validate", 400, posted=posted({"batch": 731}), second=2),
    )
    first, second = imported(tmp_path, document)["steps"]

    assert first["request"]["query"] == {"page": "1", "tag": ["a", "b"]}
    assert second["request"]["body"] == {"batch": {"$saved": "batch_id"}}


ORDERS = "https://x.test/api/order"
BINARY = {"size": 4, "mimeType": "application/json", "text": "/v8A/w==", "encoding": "base64"}
BAD: dict[str, tuple[str | bytes, str]] = {
    "no JSON": ("{", "is no JSON"),
    "another JSON": ('{"a": 1}', "is no recording"),
    "a list": ("[]", "is no recording"),
    "no entries": ('{"log": {}}', "its log has no entries"),
    "nothing to send": (json.dumps(archive()), "has no exchange that can be sent again"),
    "an entry without a request": (
        '{"log": {"entries": [{"response": {"status": 200}}]}}',
        "Entry 1 of bad.har has no",
    ),
    "broken base64": (
        json.dumps(archive(entry("GET", ORDERS, 200, answered={**BINARY, "text": "?"}))),
        "Entry 1 of bad.har cannot be read",
    ),
    "another provider": (
        json.dumps(archive(entry("GET", "https://x.test/v1/charges", 200))),
        "is a recording of another provider",
    ),
    "a response that is no UTF-8": (
        json.dumps(archive(entry("GET", ORDERS, 200, answered=BINARY))),
        "The response of exchange 1 has a body that is no UTF-8",
    ),
    "a request that is no UTF-8": (
        json.dumps(archive(entry("POST", ORDERS, 400, posted={"mimeType": "text/plain", "text": "\ud800"}))),
        "The request of exchange 1 has a body that is no UTF-8",
    ),
    "an address that is none": (
        json.dumps(archive(entry("GET", "http://[x/api/order", 200))),
        "Entry 1 of bad.har cannot be read",
    ),
    "a moment before the calendar": (
        json.dumps(archive({**entry("GET", ORDERS, 200), "startedDateTime": "0001-01-01T00:00:00+14:00"})),
        "Entry 1 of bad.har cannot be read",
    ),
    "Postman's variables as a text": (
        json.dumps({"info": {"schema": "x/v2.1.0/"}, "variable": "x", "item": []}),
        "Saved response 1 of bad.har cannot be read",
    ),
    "Postman's variables of GraphQL that are no JSON": (
        json.dumps(
            {
                "info": {"schema": "x/v2.1.0/"},
                "item": [
                    {
                        "request": {"url": ORDERS, "body": {"mode": "graphql", "graphql": {"variables": "{"}}},
                        "response": [{"code": 200}],
                    }
                ],
            }
        ),
        "Saved response 1 of bad.har cannot be read",
    ),
    "Postman v1": ('{"info": {"schema": "https://schema.getpostman.com/json/collection/v1.0.0/"}}', "another version"),
    "a file in UTF-16": ("\ufeff{}".encode("utf-16-le"), "is not UTF-8"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_recording_is_refused_in_a_sentence_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    """What is no recording, or of another provider, ends with exit code 2, a sentence and no file at all."""
    content, why = BAD[name]
    bad, good = tmp_path / "bad.har", tmp_path / "good.har"
    bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    good.write_text(json.dumps(order_archive()), encoding="utf-8")

    result = run("import", "oneflow", good, bad, "--output", tmp_path / "cases")

    assert (result.exit_code, why in result.output, result.output.count("\n")) == (2, True, 1), result.output
    assert not (tmp_path / "cases").exists()
    assert [each for each in PLANTED if each in result.output] == []


def test_missing_file_and_two_recordings_of_one_name_are_refused(tmp_path: Path) -> None:
    """A file that is not there, one that would be replaced, and two for one case are refused."""
    (tmp_path / "a").mkdir()
    for file in (tmp_path / "shop.har", tmp_path / "a" / "shop.har"):
        file.write_text(json.dumps(order_archive()), encoding="utf-8")
    output = ("--output", tmp_path / "cases")

    missing = run("import", "oneflow", tmp_path / "none.har", *output)
    same = run("import", "oneflow", tmp_path / "shop.har", tmp_path / "a" / "shop.har", *output)
    run("import", "oneflow", tmp_path / "shop.har", *output)
    again = run("import", "oneflow", tmp_path / "shop.har", *output)

    assert (missing.exit_code, same.exit_code, again.exit_code) == (2, 2, 2)
    assert "cannot be read" in missing.output
    assert "Two recordings would be" in same.output
    assert "is there already" in again.output


def test_drift_of_a_recording_names_what_differs(tmp_path: Path) -> None:
    """`drift --recording` takes an archive or the case made of it, and ends with 1 where the mock answers otherwise."""
    imported(tmp_path, order_archive())
    found = [
        run("drift", "oneflow", "--recording", file, "--target", "mock")
        for file in (tmp_path / "shop.har", tmp_path / "cases" / "shop.json")
    ]

    assert [each.exit_code for each in found] == [1, 1], found[0].output
    assert "submitOrder 201" in found[0].output
    assert found[0].output == found[1].output
    assert [each for each in (MAIL, ISSUED) if each in found[0].output] == []


def test_drift_of_a_recording_takes_one_target(tmp_path: Path) -> None:
    """Two targets for a recording, and a profile that is not there, are refused in a sentence."""
    file = tmp_path / "shop.har"
    file.write_text(json.dumps(order_archive()), encoding="utf-8")

    two = run("drift", "oneflow", "--recording", file, "--target", "mock", "--target", "mock")
    missing = run("drift", "oneflow", "--recording", file, "--target", tmp_path / "none.toml")

    assert (two.exit_code, missing.exit_code) == (2, 2)
    assert "Give it once" in two.output
    assert missing.output.count("\n") == 1


def test_form_of_parameters_alone_is_sent_as_a_form(tmp_path: Path) -> None:
    """A form of which a browser has kept the parameters and no text is a form, its secrets replaced."""
    parameters = [{"name": "grant_type", "value": "authorization_code"}, {"name": "code", "value": KEY}]
    form = {"mimeType": "application/x-www-form-urlencoded; charset=utf-8", "params": parameters}
    document = archive(entry("POST", "https://x.test/oauth/token", 400, posted=form), program="Firefox")
    request = imported(tmp_path, document, "--base-url", "https://x.test", provider="otter")["steps"][0]["request"]

    assert request["form"][0] == ["grant_type", "authorization_code"]
    assert request["form"][1][0] == "code"
    assert request["form"][1][1] not in {KEY, ""}


def test_body_that_the_program_has_not_kept_is_expected_by_its_status(tmp_path: Path) -> None:
    """Where the recording has no body of an answer, its status counts, and the command says so."""
    document = archive(entry("GET", ORDERS, 200, answered={"size": 900_000, "mimeType": "application/json"}))
    (tmp_path / "large.har").write_text(json.dumps(document), encoding="utf-8")
    result = run("import", "oneflow", tmp_path / "large.har", "--output", tmp_path / "cases")
    case = json.loads((tmp_path / "cases" / "large.json").read_text(encoding="utf-8"))

    assert "body" not in case["steps"][0]["expect"]
    assert "step 1: the answer's body is not recorded" in result.output


@pytest.mark.parametrize("value", ["Basic w6Q6w7Y=", "Basic äöü", "Basic /w==", "Basic", "Basic a"])
def test_credentials_of_any_bytes_are_read(value: str, tmp_path: Path) -> None:
    """HTTP Basic that is no base64 or no UTF-8 is a wrong credential like any other."""
    document = archive(entry("GET", ORDERS, 401, headers={"Authorization": value}))
    request = imported(tmp_path, document)["steps"][0]["request"]

    assert request["sign"] is False
