"""Known secrets: found in every encoding, few or many of them, and where a text was cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.redaction.bodies import ShownBody, redact_bytes, shown_body
from flowproof.redaction.encodings import all_encodings, wire_encodings
from flowproof.redaction.known_secrets import KnownSecrets

SECRET = 'pl@in "secret" ü'


def known(*secrets: str) -> KnownSecrets:
    """Secrets with the mark [x] in their place."""
    found = KnownSecrets(all_encodings)
    for each in secrets:
        found.add(each, "[x]")
    return found


FEW, MANY = known(SECRET, "ab"), known(SECRET, "ab", *(f"other-secret-{number}" for number in range(100)))


@pytest.mark.parametrize("secrets", [FEW, MANY], ids=["few", "many"])
@given(st.sampled_from(sorted(all_encodings(SECRET))), st.text(alphabet="xy\\ü ", max_size=5))
def test_every_encoding_is_found(secrets: KnownSecrets, encoded: str, around: str) -> None:
    """Each encoding of a secret is replaced whole, whether the secrets are few or many."""
    assert secrets.redact(f"{around}{encoded}{around}") == f"{around}[x]{around}"


@pytest.mark.parametrize("secrets", [FEW, MANY], ids=["few", "many"])
def test_short_secret_is_found_too(secrets: KnownSecrets) -> None:
    """A secret that is too short to have a beginning is replaced all the same."""
    assert secrets.redact("cab") == "c[x]"


def test_longest_secret_is_found_first() -> None:
    """A secret that contains another one is replaced whole."""
    assert known("secret", "a-secret-word").redact("a-secret-word, secret") == "[x], [x]"


def test_no_more_than_the_limit_is_kept() -> None:
    """Beyond the limit no secret is added."""
    secrets = KnownSecrets(wire_encodings, most=1)
    secrets.add("first-secret", "[1]")
    secrets.add("second-secret", "[2]")

    assert secrets.redact("first-secret second-secret") == "[1] second-secret"


@given(st.integers(4, len(SECRET.encode()) - 1))
def test_cut_bytes_keep_no_beginning_of_a_secret(size: int) -> None:
    """Wherever bytes are cut, also inside a character, the beginning of a secret at their end is left out."""
    cut = b"\xff" + SECRET.encode()[:size]

    assert redact_bytes(cut, FEW.without_cut_secret) == b"\xff"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("abcdñ".encode(), ShownBody("abcd", None, truncated=True)),
        (b"\xffabcdef", ShownBody(None, "/2FiY2Q=", truncated=True)),
        (b"\xff", ShownBody(None, "/w==", truncated=False)),
        ("abcñ".encode(), ShownBody("abcñ", None, truncated=False)),
    ],
)
def test_body_is_text_or_base64(data: bytes, expected: ShownBody) -> None:
    """A text is cut between characters; what is no text is base64, cut between bytes."""
    assert shown_body(data, most=5) == expected
