"""Our own clients trust our authority without being told."""

import os
import ssl
from functools import cache
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from .places import CERTIFICATE, usual_folder

__all__ = ["TrustingAdapter", "trusting"]

VERIFYING = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # as `requests` reads them


class TrustingAdapter(HTTPAdapter):
    """A transport of `requests` that trusts our authority beside the public ones."""

    def init_poolmanager(self, *arguments: Any, **settings: Any) -> None:
        super().init_poolmanager(*arguments, **settings, ssl_context=_context(usual_folder() / CERTIFICATE))


def trusting(session: requests.Session, url: str) -> requests.Session:
    """
    Let a session that reads no variables trust our authority, and that of the usual variables, at a server.

    Args:
        session: Of `requests`.
        url: Of a Flowproof server. Nothing is changed where it is plain HTTP.
    """
    if url.startswith("https://"):
        session.mount("https://", TrustingAdapter())
        session.verify = next((os.environ[each] for each in VERIFYING if os.environ.get(each)), True)
    return session


@cache
def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if certificate.is_file():
        context.load_verify_locations(certificate)
    return context
