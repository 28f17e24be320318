"""
A partner's server for webhooks: an inbox that verifies signatures, keeps the news, and acknowledges as configured.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flowproof.clients.flow1st import OrderNews, WebhookRefused, WebhookVerifier
from flowproof.inbox import Inbox, Received

__all__ = ["Got", "Receiver", "receiving"]

AGES_S = 10**9  # what becomes due while a clock is set forward is signed with its own, earlier moment


@dataclass(frozen=True, slots=True)
class Got:
    """One received webhook, its news, and the response. Header names are in lower case."""

    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes
    news: OrderNews | None
    status: int


class Receiver:
    """
    Acknowledges genuine webhooks, and refuses others with 400.

    Args:
        signing_key: That of the environment.
        access_token: What the webhooks' access token has to be; None to let any through.
        port: To listen on, of loopback; 0 for any that is free.
        url: Under which the provider reaches it, where that is not its own.
    """

    def __init__(self, signing_key: str, access_token: str | None, *, port: int = 0, url: str | None = None) -> None:
        self.verifier = WebhookVerifier(signing_key, access_token=access_token, window_s=AGES_S)
        self.got: list[Got] = []
        self.answers: Callable[[OrderNews], int] = lambda _: 200
        self.inbox = Inbox(self._answer, port=port)
        self.url = self.inbox.url if url is None else url

    def news(self) -> list[OrderNews]:
        """The acknowledged news, in order of arrival."""
        return [each.news for each in list(self.got) if each.news is not None and 200 <= each.status < 300]

    def _answer(self, received: Received) -> int:
        headers = {name.lower(): value for name, value in received.headers}
        try:
            news: OrderNews | None = self.verifier.verify(headers, received.body)
        except WebhookRefused:
            news = None
        status = 400 if news is None else self.answers(news)
        self.got.append(Got(received.path, headers, received.body, news, status))
        return status


@contextmanager
def receiving(
    signing_key: str, access_token: str | None = None, *, port: int = 0, url: str | None = None
) -> Iterator[Receiver]:
    """A receiver for the length of a block."""
    receiver = Receiver(signing_key, access_token, port=port, url=url)
    with receiver.inbox:
        yield receiver
