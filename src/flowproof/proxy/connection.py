"""The life of one client connection and of the upstream connection that belongs to it."""

import time

import h11

from .failures import CannotForward, failed, report
from .forwarding import Forwarding
from .observer import Decision, Observer, Request
from .peer import ClientBroken, Peer, UpstreamBroken, headers_of, reason_of
from .upstream import Upstream

__all__ = ["ClientConnection"]


class ClientConnection:
    """
    Serves one client until it leaves.

    Args:
        client: The client's side.
        upstream: Where requests go; None where the observer answers them all.
        observer: Who decides, and learns of every exchange.
    """

    def __init__(self, client: Peer, upstream: Upstream | None, observer: Observer) -> None:
        self._client = client
        self._upstream = upstream
        self._observer = observer
        self._server: Peer | None = None

    def serve(self) -> None:
        """Forward requests one after another; returns when the connection is over."""
        try:
            while self._serve_one():
                pass
        except ClientBroken:
            pass
        finally:
            self._client.close()
            self._drop_server()

    def interrupt(self) -> None:
        """Let the thread that serves this connection come to its end."""
        for side in (self._client, self._server):
            if side is not None:
                side.interrupt()

    def _serve_one(self) -> bool:
        """Serve one request; returns whether the connection goes on."""
        if self._server is not None and self._client.is_left_by(self._server):
            return False
        event = self._client.next_event()
        if not isinstance(event, h11.Request):
            return False
        request = Request(event.method.decode("latin-1"), event.target.decode("latin-1"), headers_of(event))
        decision = self._decide(request)
        forwarding = Forwarding(self._client, request, decision, self._observer.largest_body)
        if decision.wait_s > 0:
            time.sleep(decision.wait_s)
        try:
            return self._serve_decided(forwarding)
        except UpstreamBroken as error:
            forwarding.finish(network_error=f"the upstream {error}")
            self._drop_server()
            if error.was_reset or not forwarding.has_begun:
                self._client.reset()
            return False
        except ClientBroken as error:
            forwarding.finish(client_error=f"the client {error}")
            raise

    def _decide(self, request: Request) -> Decision:
        """The observer's decision; where it fails, the request is passed on, or refused where nothing is behind."""
        try:
            return self._observer.decide(request)
        except Exception as error:  # noqa: BLE001 (the code of another distribution may fail in any way)
            if self._upstream is not None:
                report(error, "The observer", request, "The exchange was passed on, and was not observed.")
                return Decision()
            report(error, "The observer", request, "The request was answered with 502.")
            return Decision(answer=lambda _: failed("The request could not be answered: the log says why."))

    def _serve_decided(self, forwarding: Forwarding) -> bool:
        decision = forwarding.decision
        if decision.reset == "before":
            forwarding.finish()
            self._client.reset(by_close=decision.is_reset_by_close)
            return False
        answer = forwarding.find_answer(can_forward=self._upstream is not None)
        if answer is not None:
            return forwarding.answer(answer) and self._client.is_reusable()
        if self._upstream is None:
            raise UpstreamBroken("is not there: the request was to be answered without one")
        server = self._connected(self._upstream)
        try:
            goes_on = forwarding.forward(server, self._upstream)
        except CannotForward as error:
            self._drop_server()
            return forwarding.give_up(str(error)) and self._client.is_reusable()
        if not server.is_reusable():
            self._drop_server()
        return goes_on and self._client.is_reusable()

    def _connected(self, upstream: Upstream) -> Peer:
        """The upstream's side; a new connection where the last one has been closed meanwhile."""
        if self._server is not None and self._server.has_data(within_s=0):
            self._drop_server()
        if self._server is None:
            try:
                self._server = Peer(upstream.connect(), h11.CLIENT)
            except OSError as error:
                where = f"{upstream.scheme}://{upstream.authority}"
                raise UpstreamBroken(f"cannot be connected to at {where}: {reason_of(error)}") from error
        return self._server

    def _drop_server(self) -> None:
        if self._server is not None:
            self._server.abandon()
            self._server = None
