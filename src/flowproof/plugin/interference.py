"""
Explains failures that another tool of the test session causes: it has replaced sockets, or the transport of requests.

Knows those tools by the modules of their errors, and imports none.
"""

import socket
from collections.abc import Iterator

__all__ = ["explain_interference", "listen_on_loopback"]

PASSING = "Let it pass with"
SOCKETS = (
    "pytest-socket has disabled sockets. With --flowproof-transport in-process the clients of the fixtures need none. "
    "Webhooks, fault plans and receivers do: allow them with --allow-hosts=127.0.0.1,::1, or with "
    "@pytest.mark.enable_socket at the test."
)
TRANSPORT = "has replaced the transport of requests, which the clients of the fixtures use too."

TOOLS = {
    "pytest_socket": SOCKETS,
    "requests_mock": f"requests-mock {TRANSPORT} {PASSING} requests_mock.Mocker(real_http=True).",
    "httpretty": f"HTTPretty {TRANSPORT} {PASSING} httpretty.enable(allow_net_connect=True).",
    "vcr": f"VCR.py {TRANSPORT} {PASSING} ignore_localhost=True in its configuration.",
}
"""What an error of a tool means, by the module that the error's class stands in."""

BY_TEXT = {
    "Connection refused by Responses": f'responses {TRANSPORT} {PASSING} responses.add_passthru("http://127.0.0.1").',
}
"""What an error means whose class says nothing of the tool, by the beginning of its text."""

_Socket = socket.socket  # as it was before any test: pytest-socket replaces it for the length of each


def listen_on_loopback() -> socket.socket:
    """A listening socket of the session's own server, which no tool that guards the tests' sockets refuses."""
    made = _Socket(socket.AF_INET, socket.SOCK_STREAM)
    made.bind(("127.0.0.1", 0))
    made.listen()
    return made


def explain_interference(error: BaseException) -> str | None:
    """Which tool has caused an error, and how it lets our requests pass; None where there is no such tool."""
    for each in _chain(error):
        tool = TOOLS.get(type(each).__module__.partition(".")[0])
        text = str(each)
        found = tool or next((BY_TEXT[start] for start in BY_TEXT if text.startswith(start)), None)
        if found is not None:
            return found
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error with what it came from."""
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
