"""
Why a signature does not verify: finds the usual mistake that reproduces exactly what the client sent.

The presented signature is decoded into digest bytes, whose length names the hash; so a wrong encoding and a wrong hash
cost the search nothing. Mistakes are tried one by one, then in pairs, then the common ones in threes, at most
BOUND digests and BYTES hashed. A search that finds nothing makes about 8,000 digests in 0.1 s where method, path and
timestamp are signed, 4,000 where timestamp and body are; so diagnose only after a signature was refused.

No text that it returns holds a secret. Pure: no clock, no random numbers, no state.
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from flowproof.kernel.signing import SignedRequest, SigningScheme, messages, sign

from .candidates import COMMON, Candidate, Edit, SigningMistake, first_candidate, mac, message_of
from .decodings import Decoding, decodings, digest_name, digest_sizes, shape_problem
from .masking import Mask
from .mistakes import SECRET_SENT, SWAPPED, edits
from .token_mistakes import token_mistakes

__all__ = ["BOUND", "SWAPPED", "Diagnosis", "SigningMistake", "diagnose"]

BOUND = 20_000  # digests
BYTES = 16 * 1024 * 1024  # hashed
ADD_UP = frozenset({"path", "timestamp", "body"})  # families of which two edits can be made one after the other

SEPARATED = {"": "joined without a separator", " ": "separated by single blanks", "\n": "separated by line feeds"}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    What is wrong with a signature.

    Args:
        verifies: Nothing is wrong.
        string_to_sign: What the server signed, control characters and backslashes escaped.
        client_signed: What the client signed, likewise, where the mistakes reproduce it and it is another text.
        expected_form: One sentence on how the signature is made.
        mistakes: Those that together reproduce what the client sent; empty where none do.
        note: One sentence of conclusion.
        tried: How many digests were made.
    """

    verifies: bool
    string_to_sign: str
    expected_form: str
    mistakes: tuple[SigningMistake, ...]
    note: str
    tried: int
    client_signed: str = ""


def diagnose(
    scheme: SigningScheme, request: SignedRequest, secret: bytes, others: Mapping[str, bytes] = MappingProxyType({})
) -> Diagnosis:
    """
    Find the mistake, or the two or three, that reproduce the presented signature to the letter.

    Args:
        scheme: How the provider's requests are signed.
        request: As it came.
        secret: The key that belongs to the request.
        others: Secrets that a client may have used in its place, by what they are, such as ``the API secret``.

    Where secret and token are swapped, the presented token is a secret that the caller must look up. Called with the
    true token put into the request the mistake shows as ``key_token``, and the caller reports SWAPPED; called with the
    request as it came, the note says that the secret was sent.
    """
    mask = Mask(secret, *others.values())
    accepted = tuple(messages(scheme, request))
    right = next((message for message in accepted if _is_right(scheme, request, message, secret)), None)
    mistakes: tuple[SigningMistake, ...] = ()
    misread = token_mistakes(request.token)
    tried, signed = 0, None
    if right is None and hmac.compare_digest(request.signature.encode("utf-8", "backslashreplace"), secret):
        mistakes = (SECRET_SENT,)
    elif right is None:
        search = _Search(scheme, request)
        start = first_candidate(scheme, request, secret)
        mistakes, tried = search.run(start, edits(scheme, request, secret, others)), search.tried
        signed = search.signed
    return Diagnosis(
        verifies=right is not None and not misread,
        string_to_sign=mask.shown(right if right is not None else accepted[0]),
        expected_form=mask(expected_form(scheme)),
        mistakes=tuple(SigningMistake(mask(one.code), mask(one.text), mask(one.fix)) for one in (*misread, *mistakes)),
        note=mask(_note(right is not None, misread, mistakes) or _search_note(scheme, request, secret, tried)),
        tried=tried,
        client_signed="" if signed is None or signed in accepted else mask.shown(signed),
    )


def expected_form(scheme: SigningScheme) -> str:
    """How a right signature is made, such as ``lower-case hex HMAC-SHA1 of METHOD path timestamp, separated by …``."""
    encoding = "lower-case hex" if scheme.encoding == "hex" else "base64"
    parts = " ".join("METHOD" if part == "method" else part for part in scheme.parts)
    joined = SEPARATED.get(scheme.separator, f"separated by {scheme.separator!r}")
    return f"{encoding} HMAC-{scheme.digest.upper()} of {parts}{f', {joined}' if len(scheme.parts) > 1 else ''}"


class _Targets(NamedTuple):
    """What a digest may have to match, by its hash: everything, and for pairs only the likely."""

    wide: dict[str, tuple[Decoding, ...]]
    narrow: dict[str, tuple[Decoding, ...]]


class _Search:
    """One bounded search: candidates in, the first that reproduces the signature out."""

    def __init__(self, scheme: SigningScheme, request: SignedRequest) -> None:
        self.scheme = scheme
        self.decodings = decodings(request.signature, scheme)
        self.targets = _targets(self.decodings, scheme)
        self.tried = 0
        self.left = BYTES
        self.signed: bytes | None = None
        self.seen: set[int] = set()

    def run(self, start: Candidate, made: tuple[Edit, ...]) -> tuple[SigningMistake, ...]:
        """The mistakes of the first hit, without those that the scheme forgives."""
        if not self.decodings:
            return ()
        common = tuple(edit for edit in made if edit.often == COMMON)
        for candidates, targets in (
            (_edited(start, made, 0), self.targets.wide),
            (_edited(start, made, 1), self.targets.wide),
            (_edited(start, made, 2), self.targets.narrow),
            (_edited(start, common, 3), self.targets.narrow),
        ):
            for candidate, chain in candidates:
                if self.tried >= BOUND:
                    return ()
                hit = self._hit(candidate, targets)
                if hit is not None:
                    own = tuple(edit.mistake for edit in chain if not _is_accepted(edit.mistake.code, self.scheme))
                    return own + hit
        return ()

    def _hit(self, candidate: Candidate, targets: dict[str, tuple[Decoding, ...]]) -> tuple[SigningMistake, ...] | None:
        """What is wrong about hash and writing if this candidate is what the client signed, else None."""
        if "body" in candidate.order and len(candidate.body) > self.left:
            return None
        message = message_of(candidate)
        if message is None or len(message) > self.left:
            return None
        mark = hash((candidate.construction, candidate.key, message))
        if mark in self.seen:
            return None
        self.seen.add(mark)
        for digest, decodings_of_size in targets.items():
            self.tried += 1
            self.left -= len(message)
            made = mac(candidate, message, digest).hex()
            for decoding in decodings_of_size:
                if made.startswith(decoding.hex):
                    self.signed = message
                    return _digest_mistakes(digest, len(made), decoding, self.scheme) + decoding.mistakes
        return None


def _edited(
    candidate: Candidate, made: tuple[Edit, ...], depth: int, chain: tuple[Edit, ...] = ()
) -> Iterator[tuple[Candidate, tuple[Edit, ...]]]:
    """Every candidate that is exactly so many edits away, each edit coming after those before it in the list."""
    if depth == 0:
        yield candidate, chain
        return
    for place, edit in enumerate(made):
        after = edit.make(candidate)
        if after is None or after == candidate:
            continue
        if depth == 1:
            yield after, (*chain, edit)
        else:
            rest = tuple(other for other in made[place + 1 :] if _goes_with(edit, other))
            yield from _edited(after, rest, depth - 1, (*chain, edit))


def _goes_with(edit: Edit, other: Edit) -> bool:
    """Whether the two can add up, and are not so rare that hardly anyone makes both."""
    return (edit.family != other.family or edit.family in ADD_UP) and edit.often + other.often >= COMMON


def _targets(found: tuple[Decoding, ...], scheme: SigningScheme) -> _Targets:
    wide: dict[str, tuple[Decoding, ...]] = {}
    narrow: dict[str, tuple[Decoding, ...]] = {}
    for digest, size in digest_sizes(scheme).items():
        fitting = tuple(decoding for decoding in found if len(decoding.hex) <= 2 * size)
        whole = tuple(decoding for decoding in fitting if len(decoding.hex) == 2 * size)
        if fitting:
            wide[digest] = fitting
        if whole:
            narrow[digest] = whole
    if not narrow and scheme.digest in wide:
        narrow = {scheme.digest: wide[scheme.digest]}
    return _Targets(wide, narrow)


def _digest_mistakes(digest: str, digits: int, decoding: Decoding, scheme: SigningScheme) -> tuple[SigningMistake, ...]:
    found = []
    if digest != scheme.digest:
        named, expected = digest_name(digest), digest_name(scheme.digest)
        text = f"signed with {named}, expected {expected}"
        found.append(SigningMistake("digest", text, f"Make the HMAC with {expected}."))
    if len(decoding.hex) < digits:
        text = f"the signature is cut off: {len(decoding.hex)} of the {digits} hex digits of its digest"
        fix = "Send the whole signature; something that holds it is too short."
        found.append(SigningMistake("truncated", text, fix))
    return tuple(found)


def _is_accepted(code: str, scheme: SigningScheme) -> bool:
    forms = scheme.path_forms
    return (code == "path_decoded" and any(form.endswith("decoded") for form in forms)) or (
        code == "mount_included" and any(form.startswith("mounted") for form in forms)
    )


def _is_right(scheme: SigningScheme, request: SignedRequest, message: bytes, secret: bytes) -> bool:
    presented = request.signature.encode("ascii", "backslashreplace")
    return hmac.compare_digest(sign(scheme, message, secret).encode("ascii"), presented)


def _note(verifies: bool, misread: tuple[SigningMistake, ...], mistakes: tuple[SigningMistake, ...]) -> str:
    if verifies and misread:
        return "The signature itself is right; the token beside it is not read."
    if verifies:
        return "The signature verifies: nothing is wrong with it."
    if len(mistakes) == 1:
        return "This mistake reproduces exactly what the client sent."
    return f"These {len(mistakes)} mistakes together reproduce exactly what the client sent." if mistakes else ""


def _search_note(scheme: SigningScheme, request: SignedRequest, secret: bytes, tried: int) -> str:
    """What to check when no mistake was found."""
    if hmac.compare_digest(request.token.encode("utf-8", "backslashreplace"), secret):
        return f"{SWAPPED.text[0].upper()}{SWAPPED.text[1:]}. {SWAPPED.fix}"
    shape = shape_problem(request.signature, scheme)
    return (
        f"{f'The signature is {shape}. ' if shape else ''}"
        f"No usual mistake reproduces it ({tried} digests tried): check that the secret belongs to this token and to "
        "this environment, that nothing trims or re-encodes the secret, and that what is signed is what is sent, to "
        f"the character: {', '.join(scheme.parts)}."
    )
