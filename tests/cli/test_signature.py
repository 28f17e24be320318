"""``flowproof explain --provider``: a signature is judged without a server, and the secret stays a secret."""

import hmac
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flowproof.cli import main

TOKEN, SECRET, DATE = "41324132", "s3cr3t-of-the-account", "2024-09-13T12:00:00Z"
OFFLINE = ("explain", "--provider", "oneflow", "--method", "POST")
DATED = ("--header", f"x-oneflow-date: {DATE}")


def signature(method: str = "POST", path: str = "/api/order", digest: str = "sha1") -> str:
    """OneFlow's signature, by this test's own hand."""
    return hmac.new(SECRET.encode(), f"{method} {path} {DATE}".encode(), digest).hexdigest()


def run(*arguments: str, typed: str | None = None, **variables: str) -> Result:
    """The command, with the secret in the environment."""
    environment = {"FLOWPROOF_SECRET": SECRET, "FLOWPROOF_TOKEN": "", **variables}
    return CliRunner(env=environment).invoke(main, [*OFFLINE, *arguments], input=typed, catch_exceptions=False)


def test_right_signature_verifies() -> None:
    """A right signature is reported as right."""
    result = run("--url", "/api/order", *DATED, "--token", TOKEN, "--signature", signature())

    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "The signature verifies.")


@pytest.mark.parametrize(
    ("wrong", "mistake"),
    [
        (signature(method="post"), "method"),
        (signature(path="/order"), "path"),
        (signature(digest="sha256"), "digest"),
        (signature().upper(), "case"),
    ],
)
def test_wrong_signature_is_diagnosed(wrong: str, mistake: str) -> None:
    """A wrong signature is explained by the mistake that reproduces it, and the secret is nowhere in the output."""
    result = run("--url", "/api/order", *DATED, "--token", TOKEN, "--signature", wrong)

    assert "reproduces exactly what the client sent" in result.stdout
    assert (mistake in result.stdout, SECRET in result.output) == (True, False)


def test_headers_as_sent_need_no_signature_option() -> None:
    """Where the headers carry token and signature as sent, nothing else is needed."""
    sent = ("--header", f"X-OneFlow-Authorization: {TOKEN}:{signature()}", "--header", f"X-OneFlow-Date: {DATE}")

    assert run("--url", "/api/order", *sent).stdout.startswith("The signature verifies.")


@pytest.mark.parametrize(
    "url",
    [
        "https://pro-api.oneflowcloud.com/api/order?page=2",
        "http://127.0.0.1:4010/oneflow/api/order",
        "http://127.0.0.1:4010/w/mine/oneflow/api/order",
    ],
)
def test_url_may_be_of_a_sandbox_or_a_mock(url: str) -> None:
    """The URL is taken as it was sent, and what a mock server's address adds to the path is known."""
    result = run("--url", url, *DATED, "--token", TOKEN, "--signature", signature())

    assert result.stdout.startswith("The signature verifies.")


def test_secret_is_asked_for_without_echo() -> None:
    """Without FLOWPROOF_SECRET the secret is prompted for, and is not echoed."""
    request = ("--url", "/api/order", *DATED, "--token", TOKEN, "--signature", signature())

    result = run(*request, typed=f"{SECRET}\n", FLOWPROOF_SECRET="")

    assert (result.exit_code, "The signature verifies." in result.stdout) == (0, True)
    assert SECRET not in result.output


def test_secret_is_no_option() -> None:
    """There is no option by which the secret could get onto a command line."""
    assert run("--secret", SECRET).exit_code == 2


def test_token_of_the_control_api_is_not_the_provider_s() -> None:
    """FLOWPROOF_TOKEN, which opens the control API, is not taken for the provider's token."""
    sent = ("--header", f"x-oneflow-authorization: {TOKEN}:{signature()}", *DATED)

    result = run("--url", "/api/order", *sent, typed="", FLOWPROOF_TOKEN="c0ntrol")

    assert (result.exit_code, "c0ntrol" in result.output) == (0, False)


def test_body_may_come_from_a_file(tmp_path: Path) -> None:
    """The body can be read from a file, byte for byte."""
    (tmp_path / "order.json").write_bytes(b'{"a": 1}\r\n')

    result = run(
        "--url", "/api/order", *DATED, "--token", TOKEN, "--signature", signature(),
        "--body", f"@{tmp_path / 'order.json'}",
    )  # fmt: skip

    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--signature", "00", "--token", TOKEN], "The request has no URL."),
        (["--url", "/api/order", *DATED], "The request presents no token."),
        (["--url", "/api/order", *DATED, "--signature", "00"], "--signature was given with no --token."),
        (["--url", "/api/order", "--header", "nothing"], "A header has no name or no colon."),
        (["--url", "/api/order", "--token", TOKEN, "--signature", "00"], "x-oneflow-date"),
        (["--url", "/api/order", "--body", "@/nowhere"], "/nowhere cannot be read"),
        (
            ["--url", "/", "--signature", "00", "--token", "t", "--header", "x-oneflow-authorization: t:00"],
            "--signature and the header x-oneflow-authorization were both given.",
        ),
    ],
)
def test_request_that_lacks_a_piece_says_which(arguments: list[str], message: str) -> None:
    """Where a piece of the request is missing, the answer says which, in one line, with exit code 2."""
    result = run(*arguments)

    assert (result.exit_code, result.stderr.count("\n"), message in result.stderr) == (2, 1, True)


def test_unknown_provider_is_told_with_those_there_are() -> None:
    """An unknown provider is refused, with the names of those there are."""
    result = CliRunner().invoke(main, ["explain", "--provider", "nobody", "--url", "/"])

    assert (result.exit_code, "There is no provider nobody. Choose from: " in result.stderr) == (2, True)


@pytest.mark.parametrize("form", ["Bearer TOKEN", "Token TOKEN", "'TOKEN'", "<TOKEN>"])
def test_header_that_the_server_does_not_read_is_not_approved(form: str) -> None:
    """A right signature beside a token in another form is reported as the server would: as refused, with the form."""
    header = f"x-oneflow-authorization: {form.replace('TOKEN', TOKEN)}:{signature()}"

    lines = run("--url", "/api/order", "--header", header, *DATED).stdout.splitlines()

    assert lines[0] == "The signature does not verify."
    assert f"  mistake        token_form: the token is presented as {form!r}, expected TOKEN alone" in lines


def test_timestamp_that_the_server_does_not_read_is_not_approved() -> None:
    """A right signature of a timestamp in another form than Flow1st reads is refused offline too, in one line."""
    body, timestamp = '{"quantity": 1}', "2024-09-13 12:00:00"
    right = hmac.new(SECRET.encode(), f"{timestamp}{body}".encode(), "sha256").hexdigest()
    sent = [f"AccessToken: Bearer {TOKEN}", f"X-TIMESTAMP: {timestamp}", f"X-SIGNATURE: {right}"]
    url = "/api/orders/distributors/order-complete"
    request = ["explain", "--provider", "flow1st", "--method", "POST", "--url", url, "--body", body]
    request += [argument for each in sent for argument in ("--header", each)]

    result = CliRunner(env={"FLOWPROOF_SECRET": SECRET}).invoke(main, request)

    assert (result.exit_code, "expected ISO 8601 with a zone" in result.stderr) == (2, True)
