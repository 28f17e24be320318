"""The token endpoint: client authentication, codes, and lifetimes of tokens."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from flowproof.clients import NO_RETRY, Refused, Unauthorized
from flowproof.clients.otter import Otter, OtterUser, Token
from flowproof.target import Target, Workspace

from .operations import OPERATIONS, Operation
from .profiles import NETWORKED
from .raw_client import CHALLENGE, VERIFIER, RawClient, error, silent
from .setup import CLIENT_SCOPES, LIN, READ, SEED, SERVICE_INTEGRATION, pkce_vectors
from .strategies import verifiers

ORGANIZATION = "/organization/v1/organization"
LIFETIME_S: int = SEED["settings"]["token_lifetime_s"]
CODE_LIFETIME_S: int = SEED["settings"]["code_lifetime_s"]
BOTH = f"{READ} {SERVICE_INTEGRATION}"


def s256(verifier: str) -> str:
    """The challenge of a verifier (RFC 7636, 4.2), computed by the suite itself."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def challenged(raw: RawClient, challenge: str = CHALLENGE) -> str:
    """A code with a challenge."""
    return raw.code(code_challenge=challenge, code_challenge_method="S256")


@pytest.mark.requirement(
    "otter.token.client_basic", "otter.token.client_body", "otter.token.answer", "otter.token.answer_scope"
)
@pytest.mark.parametrize("way", ["basic", "body"])
def test_client_proves_itself_either_way(
    workspace: Workspace, make_otter: Callable[..., Otter], permit: Callable[..., Token], way: str
) -> None:
    """
    Id and secret are accepted as Basic and in the body, for both grants.
    """
    otter = make_otter(workspace, client_authentication=way)

    mine, theirs = otter.application_token(["ping", "orders.read"]), permit(otter)

    assert (mine.scopes, theirs.scopes) == (("ping", "orders.read"), (READ, SERVICE_INTEGRATION))
    assert otter.as_user(theirs).organization().id == SEED["organizations"][0]["id"]


@pytest.mark.requirement("otter.token.client_one_way")
@pytest.mark.parametrize("form", [{"client_secret": "its own"}, {"client_id": "another"}])
def test_client_proves_itself_one_way_at_a_time(raw: RawClient, form: dict[str, str]) -> None:
    """
    Basic and a secret, or another id, in the body are malformed together; the same id beside Basic is accepted.
    """
    basic, code = (raw.client_id, raw.secret), raw.code()

    assert error(raw.token(basic=basic, code=code, **form))[0] == 400
    assert raw.token(basic=basic, code=code, client_id=raw.client_id).status_code == 200


@pytest.mark.requirement("otter.token.client_known", "otter.access.silent")
@pytest.mark.parametrize(
    "form",
    [
        {"client_secret": "0" * 40},
        {"client_secret": ""},
        {"client_secret": None},
        {"client_id": None},
        {"client_id": None, "client_secret": None},
        {"client_id": "c75d9460-5d48-423d-8d01-f825fd5b1672"},
    ],
    ids=str,
)
@pytest.mark.parametrize("grant", ["client_credentials", "authorization_code"])
def test_unproved_client_gets_nothing(raw: RawClient, form: dict[str, Any], grant: str) -> None:
    """
    A client that is unknown, or whose secret is wrong or missing, is answered 401 without a reason.
    """
    fields: dict[str, Any] = {"scope": "ping"} if grant == "client_credentials" else {"code": raw.code()}

    answer = raw.token(grant_type=grant, **{**fields, **form})

    assert silent(answer)


@pytest.mark.requirement("otter.token.client_known", "otter.token.client_basic")
@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic bm9jb2xvbg==", "Bearer abc", "Digest abc"])
def test_unreadable_header_gets_nothing(raw: RawClient, header: str) -> None:
    """
    An Authorization header that is no id and secret is answered 401; beside a secret in the body it may be a 400.
    """
    body = f"grant_type=client_credentials&scope=ping&client_id={raw.client_id}"
    headers = {"Authorization": header, "Content-Type": "application/x-www-form-urlencoded"}

    answers = [
        raw.ask("POST", "/v1/auth/token", None, data=f"{body}{proof}", headers=headers)
        for proof in ("", f"&client_secret={raw.secret}")
    ]

    assert error(answers[0])[0] == 401
    assert error(answers[1])[0] in (400, 401)


@pytest.mark.requirement("otter.token.client_known")
def test_secret_of_another_client_is_wrong(target: Target, make_otter: Callable[..., Otter]) -> None:
    """
    One application's id with another's secret proves nobody.
    """
    mixed = make_otter(target, client_secret=target.credentials("otter", "other").secret)

    with pytest.raises(Unauthorized):
        mixed.application_token(["ping"])


@pytest.mark.requirement("otter.token.client_known")
@pytest.mark.parametrize(
    "change",
    [
        lambda secret: secret[:-1],
        lambda secret: f"{secret}0",
        lambda secret: secret.swapcase(),
        lambda secret: f" {secret}",
        lambda secret: secret[:-1] + ("1" if secret[-1] == "0" else "0"),
    ],
)
@pytest.mark.parametrize("is_basic", [False, True])
def test_secret_is_compared_whole(raw: RawClient, change: Callable[[str], str], is_basic: bool) -> None:
    """
    However near to the client's, another secret proves nobody.
    """
    wrong = change(raw.secret)
    proof: dict[str, Any] = {"basic": (raw.client_id, wrong)} if is_basic else {"client_secret": wrong}

    assert error(raw.token(grant_type="client_credentials", scope="ping", **proof))[0] == 401


@pytest.mark.requirement(
    "otter.token.code_once", "otter.token.code_reuse_revokes", "otter.access.token_known", "otter.access.silent"
)
def test_code_presented_twice_takes_back_its_token(raw: RawClient) -> None:
    """
    A code works once; presented again it is refused, and the token that it was exchanged for is revoked.
    """
    code = raw.code()
    first, other = raw.token(code=code).json()["access_token"], raw.token(code=raw.code()).json()["access_token"]
    before = raw.ask("GET", ORGANIZATION, first).status_code

    again = raw.token(code=code)

    revoked, untouched = (raw.ask("GET", ORGANIZATION, each) for each in (first, other))
    assert (before, error(again)[0], untouched.status_code) == (200, 400, 200)
    assert silent(revoked)


@pytest.mark.requirement("otter.token.code_expired")
@pytest.mark.parametrize(("late_s", "status"), [(-1, 200), (0, 400), (86_400, 400), (86_401, 400)])
def test_code_works_for_ten_minutes(raw: RawClient, workspace: Workspace, late_s: int, status: int) -> None:
    """
    A code can be exchanged until its time is over on the workspace's clock, and not from that moment on.
    """
    workspace.clock.freeze()
    code = raw.code()
    workspace.clock.advance(CODE_LIFETIME_S + late_s)

    assert raw.token(code=code).status_code == status


@pytest.mark.requirement("otter.token.lifetime", "otter.access.token_known", "otter.access.silent")
@pytest.mark.parametrize(("late_s", "status"), [(-1, 200), (0, 401), (90_000, 401)])
def test_token_works_as_long_as_it_said(raw: RawClient, workspace: Workspace, late_s: int, status: int) -> None:
    """
    A token works for the seconds that its answer named, used or not, and no longer; then nobody says why.
    """
    workspace.clock.freeze()
    token = raw.token(code=raw.code()).json()
    workspace.clock.advance(60)
    raw.ask("GET", ORGANIZATION, token["access_token"])
    workspace.clock.advance(token["expires_in"] - 60 + late_s)

    answer = raw.ask("GET", ORGANIZATION, token["access_token"])

    assert (token["expires_in"], answer.status_code) == (LIFETIME_S, status)
    assert status == 200 or silent(answer)


@pytest.mark.requirement("otter.token.code_reuse_revokes", "otter.token.code_once")
def test_late_reuse_still_takes_back_the_token(raw: RawClient, workspace: Workspace) -> None:
    """
    A code that comes back long after its own time still revokes the token that lives on.
    """
    workspace.clock.freeze()
    code = raw.code()
    token = raw.token(code=code).json()["access_token"]
    workspace.clock.advance(LIFETIME_S - 60)

    assert error(raw.token(code=code))[0] == 400
    assert raw.ask("GET", ORGANIZATION, token).status_code == 401


@pytest.mark.requirement("otter.token.code")
@pytest.mark.parametrize("code", ["8A9D16B4C3E25F6A", "é", " ", "a" * 5000])
def test_code_of_nobody_is_refused(raw: RawClient, code: str) -> None:
    """
    A code that was never issued is refused.
    """
    assert error(raw.token(code=code))[0] == 400


@pytest.mark.requirement("otter.token.code", "otter.token.code_survives")
@pytest.mark.parametrize("change", [" {}", "{} ", "{}\n", "{}="])
def test_code_is_taken_as_it_is(raw: RawClient, change: str) -> None:
    """
    A code with anything around it is another, which was never issued; the code itself still works.
    """
    code = raw.code()

    assert error(raw.token(code=change.format(code)))[0] == 400
    assert raw.token(code=code).status_code == 200


@pytest.mark.requirement("otter.token.code", "otter.token.redirect_uri")
@pytest.mark.parametrize("missing", ["code", "redirect_uri"])
@pytest.mark.parametrize("value", [None, ""])
def test_exchange_needs_code_and_redirect_uri(raw: RawClient, missing: str, value: str | None) -> None:
    """
    An exchange without its code or its redirect URI is not valid.
    """
    form: dict[str, Any] = {"code": "abc", missing: value}

    assert error(raw.token(**form))[0] == 422


@pytest.mark.requirement("otter.token.redirect_uri", "otter.token.code_survives")
def test_exchange_repeats_the_redirect_uri(raw: RawClient, workspace: Workspace) -> None:
    """
    The redirect URI of the exchange is that of the request, even where another is registered too.
    """
    plain, with_query = SEED["clients"][0]["redirect_uris"]
    codes = {each: raw.code(redirect_uri=each) for each in (plain, with_query)}
    wrong = [
        (plain, with_query),
        (with_query, plain),
        (plain, f"{plain}/"),
        (plain, plain[:-1]),
        (plain, plain.upper()),
    ]

    assert [
        error(raw.token(code=codes[requested], redirect_uri=redirect_uri))[0] for requested, redirect_uri in wrong
    ] == [400] * 5
    assert [raw.token(code=code, redirect_uri=each).status_code for each, code in codes.items()] == [200, 200]


@pytest.mark.requirement("otter.token.verifier", "otter.token.code_survives")
@pytest.mark.parametrize("vector", pkce_vectors(), ids=lambda each: each["source"])
def test_challenge_is_met_by_its_verifier_alone(raw: RawClient, vector: dict[str, str]) -> None:
    """
    A code with a challenge is exchanged for the verifier that it was made from, and for no other.
    """
    code = challenged(raw, vector["challenge"])
    wrong = [None, vector["verifier"][:-1] + "~", vector["verifier"][::-1], vector["challenge"]]

    assert [error(raw.token(code=code, code_verifier=each))[0] for each in wrong] == [400] * 4
    assert raw.token(code=code, code_verifier=vector["verifier"]).status_code == 200


@pytest.mark.requirement("otter.token.verifier")
@NETWORKED
@given(guess=verifiers())
def test_guessed_verifier_is_refused(raw: RawClient, guess: str) -> None:
    """
    Whatever else of the right form is presented as verifier, the code is not exchanged.
    """
    assert error(raw.token(code=challenged(raw), code_verifier=guess))[0] == 400


@pytest.mark.requirement("otter.token.verifier_form")
@pytest.mark.parametrize("verifier", ["", "a" * 42, "a" * 129, f"{VERIFIER}+", f"{VERIFIER}é", f"{VERIFIER}\n"])
def test_verifier_has_its_form(raw: RawClient, verifier: str) -> None:
    """
    A verifier that is too short, too long, or has other characters is refused, even where the challenge was made of it.
    """
    code = challenged(raw, s256(verifier))

    assert error(raw.token(code=code, code_verifier=verifier))[0] == 400


@pytest.mark.requirement("otter.token.verifier_form", "otter.token.verifier")
@pytest.mark.parametrize("verifier", ["a" * 43, "Z9" * 64, "-._~" * 11], ids=["shortest", "longest", "signs"])
def test_verifier_may_have_its_whole_form(raw: RawClient, verifier: str) -> None:
    """
    The shortest and the longest verifier, and one of signs alone, are accepted.
    """
    assert raw.token(code=challenged(raw, s256(verifier)), code_verifier=verifier).status_code == 200


@pytest.mark.requirement("otter.token.verifier_unasked")
def test_verifier_without_a_challenge_is_refused(raw: RawClient) -> None:
    """
    Whoever gives a verifier had a challenge in mind: where none arrived, somebody took it out.
    """
    assert error(raw.token(code=raw.code(), code_verifier=VERIFIER))[0] == 400


@pytest.mark.requirement("otter.token.code_of_client")
def test_code_is_for_the_client_that_asked(raw: RawClient, workspace: Workspace) -> None:
    """
    Another application cannot exchange a code, nor use it up or revoke what it was exchanged for.
    """
    other = workspace.credentials("otter", "other")
    thief, code = (other.key, other.secret), raw.code()

    before = error(raw.token(basic=thief, code=code))[0]
    token = raw.token(code=code).json()["access_token"]
    after = error(raw.token(basic=thief, code=code))[0]

    assert (before, after, raw.ask("GET", ORGANIZATION, token).status_code) == (400, 400, 200)


@pytest.mark.requirement("otter.token.scope_granted", "otter.token.scope_narrowed", "otter.token.answer_scope")
def test_exchange_narrows_and_never_widens(raw: RawClient) -> None:
    """
    An exchange may ask for less than was granted, and the token can then do less; for more it may not ask.
    """
    narrowed = raw.token(code=raw.code(scope=BOTH), scope=READ)
    wrong = [raw.token(code=raw.code(scope=READ), scope=each) for each in (BOTH, SERVICE_INTEGRATION, " ")]

    assert narrowed.json()["scope"] == READ
    assert [error(each)[0] for each in wrong] == [400] * 3


@pytest.mark.requirement("otter.token.scope_of_client")
@pytest.mark.parametrize("scope", [READ, f"ping {SERVICE_INTEGRATION}", "everything", "ping,orders.read", " "])
def test_application_has_only_scopes_of_its_flow(raw: RawClient, scope: str) -> None:
    """
    The application's own credentials give no scope of a user's, and none that does not exist.
    """
    assert error(raw.token(grant_type="client_credentials", scope=scope))[0] == 400


@pytest.mark.requirement("otter.token.scope_of_client")
def test_application_has_only_scopes_that_are_enabled(
    target: Target, make_otter: Callable[..., Otter], enabled_for: Callable[[RawClient], frozenset[str]]
) -> None:
    """
    A scope that is not enabled for the application is refused to it, alone and beside one that is.
    """
    other = make_otter(target, role="other")
    enabled = sorted(enabled_for(RawClient(other, target.credentials("otter", "other"))))
    missing = sorted(CLIENT_SCOPES - set(enabled))
    if not enabled or not missing:
        pytest.skip("the other application has all scopes, or none")

    for scopes in ([missing[0]], [enabled[0], missing[0]]):
        with pytest.raises(Refused):
            other.application_token(scopes)
    assert other.application_token(enabled[:1]).scopes == (enabled[0],)


@pytest.mark.parametrize(
    ("form", "status"),
    [
        pytest.param({"grant_type": None}, 422, marks=pytest.mark.requirement("otter.token.grant_type")),
        pytest.param({"grant_type": "refresh_token"}, 422, marks=pytest.mark.requirement("otter.token.grant_type")),
        pytest.param({"grant_type": "password"}, 422, marks=pytest.mark.requirement("otter.token.grant_type")),
        pytest.param({"scope": None, "code": "abc"}, 422, marks=pytest.mark.requirement("otter.token.scope")),
        pytest.param({"scope": "", "code": "abc"}, 422, marks=pytest.mark.requirement("otter.token.scope")),
    ],
    ids=str,
)
def test_form_must_be_valid(raw: RawClient, form: dict[str, Any], status: int) -> None:
    """
    A form without a known grant or without scope is not valid.
    """
    assert error(raw.token(**form))[0] == status


@pytest.mark.requirement("otter.token.form")
def test_token_is_asked_for_with_a_form(raw: RawClient) -> None:
    """
    JSON, no type, or a name that comes twice are malformed.
    """
    whole = {
        "grant_type": "client_credentials",
        "scope": "ping",
        "client_id": raw.client_id,
        "client_secret": raw.secret,
    }
    twice = raw.token(grant_type="client_credentials", scope="ping", extra="&scope=ping")
    as_json = raw.post_token(json.dumps(whole).encode(), content_type="application/json")
    untyped = raw.post_token(b"grant_type=client_credentials", content_type=None)
    garbled = raw.post_token(b"grant_type=%ff&scope=ping")

    assert [error(each)[0] for each in (twice, as_json, untyped, garbled)] == [400] * 4


@pytest.mark.requirement("otter.token.not_stored", "otter.token.no_refresh", "otter.token.answer")
@pytest.mark.parametrize("grant", ["client_credentials", "authorization_code"])
def test_answer_with_a_token_is_not_stored(raw: RawClient, grant: str) -> None:
    """
    The answer to either grant says that it must not be stored, and has no refresh token.
    """
    fields: dict[str, Any] = {"scope": "ping"} if grant == "client_credentials" else {"code": raw.code()}

    answer = raw.token(grant_type=grant, **fields)

    assert "no-store" in answer.headers["cache-control"]
    assert set(answer.json()) >= {"access_token", "expires_in", "scope", "token_type"}
    assert "refresh_token" not in answer.json()


@pytest.mark.requirement("otter.access.bearer", "otter.access.silent")
@pytest.mark.parametrize("form", ["{}", "Bearer", "Bearer {} more", "Token {}", "Basic {}", "Bearer {}x"])
def test_token_is_presented_as_bearer(raw: RawClient, user: OtterUser, form: str) -> None:
    """
    A good token in any other form than Bearer and itself is answered 401 without a reason.
    """
    answer = raw.ask("GET", ORGANIZATION, None, headers={"Authorization": form.format(user.token.access_token)})

    assert silent(answer)


@pytest.mark.requirement("otter.access.bearer", "otter.access.silent")
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path.count('/')}")
@pytest.mark.parametrize("token", [None, "never-issued"])
def test_every_operation_asks_for_a_token(raw: RawClient, operation: Operation, token: str | None) -> None:
    """
    Without a token, or with one that was never issued, every operation is answered 401 without a reason.
    """
    body = {"storeId": "kitchen"} if operation.has_body else None

    answer = raw.ask(operation.method, operation.path, token, json=body)

    assert silent(answer)


@pytest.mark.requirement("otter.access.bearer")
def test_scheme_may_be_written_in_any_case(raw: RawClient, user: OtterUser) -> None:
    """
    The scheme is not case-sensitive: RFC 9110, 11.1.
    """
    token = user.token.access_token

    assert raw.ask("GET", ORGANIZATION, None, headers={"Authorization": f"bearer {token}"}).status_code == 200


@pytest.mark.requirement("otter.access.token_known")
def test_token_leads_into_its_own_workspace_only(
    raw: RawClient, make_workspace: Callable[..., Workspace], make_otter: Callable[..., Otter]
) -> None:
    """
    A token of one workspace is unknown in another, also where both have one seed.
    """
    with make_workspace() as elsewhere:
        stranger = make_otter(elsewhere)
        token = raw.token(code=raw.code()).json()["access_token"]

        answer = RawClient(stranger, elsewhere.credentials("otter")).ask("GET", ORGANIZATION, token)

    assert answer.status_code == 401


@pytest.mark.requirement("otter.access.own_organization", "otter.access.token_known")
def test_same_seed_gives_no_same_token(
    make_workspace: Callable[..., Workspace], make_otter: Callable[..., Otter]
) -> None:
    """
    Two workspaces with one seed issue different tokens, so that none leads into the other.
    """
    with make_workspace(seed="twins") as one, make_workspace(seed="twins") as two:
        clients = [make_otter(each, retry=NO_RETRY) for each in (one, two)]
        tokens = {each.application_token(["ping"]).access_token for each in clients}

    assert len(tokens) == 2


@pytest.mark.requirement("otter.token.client_basic")
def test_client_secrets_stay_out_of_the_journal(otter: Otter, raw: RawClient, workspace: Workspace) -> None:
    """
    Whatever way they came, neither secret, code, verifier nor token is in the journal or its archive.
    """
    code = challenged(raw)
    form: dict[str, Any] = {"code": code, "code_verifier": VERIFIER}
    token = raw.token(**form).json()["access_token"]
    raw.token(**form, basic=(raw.client_id, raw.secret))
    raw.post_token(json.dumps({**form, "client_secret": raw.secret}).encode(), content_type="application/json")
    raw.ask("GET", ORGANIZATION, token)
    raw.page().decide("approve", user=LIN)

    kept = json.dumps([workspace.journal.entries(), workspace.journal.har(), workspace.snapshot()])

    pair = base64.b64encode(f"{raw.client_id}:{raw.secret}".encode()).decode()
    cookies = [str(each.value) for each in otter.session.cookies]
    assert [each for each in (code, VERIFIER, token, raw.secret, pair, *cookies) if each in kept] == []
