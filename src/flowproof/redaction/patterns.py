"""Secrets and personal data that are recognised by their form in any text, whatever else is known of it."""

import re

from .marks import mark

__all__ = ["CREDENTIAL", "NAMED_VALUE", "PATTERNS", "redact_patterns", "without_userinfo"]

USERINFO = re.compile(r"(?<=://)[^/\s@\"'<>]{1,512}@")
PATTERNS = (
    ("EMAIL", re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}?(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")),
    ("PHONE", re.compile(r"(?<![\w+])\+\d[\d ().-]{6,17}\d(?!\w)")),
    ("JWT", re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")),
    (
        "PRIVATE_KEY",
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    ),
)
CREDENTIAL = re.compile(r"\b(bearer|basic)(\s+)([\w.~+/=-]{8,})", re.IGNORECASE)
# A name with its value in any text: a Python repr, JSON, a URL, a line of a log.
NAMED_VALUE = re.compile(
    r"""(?<![\w-])(["']?)(?P<name>[A-Za-z][\w-]{1,40})\1(?P<sign>\s*[:=]\s*)"""
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[^\s&"'<>,;(){}\[\]]+))"""
)


def without_userinfo(text: str) -> str:
    """A text whose URLs have no user and password."""
    return USERINFO.sub("", text)


def redact_patterns(text: str) -> str:
    """A text without e-mail addresses, telephone numbers, JWTs, private keys, and users in URLs."""
    text = without_userinfo(text)
    for name, pattern in PATTERNS:
        text = pattern.sub(mark(name), text)
    return text
