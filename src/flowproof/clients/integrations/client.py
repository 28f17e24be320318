"""
The client of the Integrations API: integrations with external platforms, push subscriptions, workflows.

    with Integrations("https://api.dispatch.example.com", token) as integrations:
        (trigger, *_) = integrations.triggers("Shipment")
        integrations.configure_workflow("Tell the shop", "Shipment", trigger.guid, {"type": "webhook", "url": url})

Source:
    seeds/004. Tokens: providers/integrations.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Unpack

from flowproof.clients.client import Client, ClientSettings, checked_token, normalized_base_url
from flowproof.clients.errors import Problem
from flowproof.clients.integrations.bodies import Action, EntityType, IntegrationSettings, PushSubscription
from flowproof.clients.integrations.results import Integration, Trigger, Workflow
from flowproof.clients.responses import ClientResponse, Json, JsonNode
from flowproof.clients.transport import Call, json_bytes, path_of, without_netrc

__all__ = ["Integrations"]

_NOT_PROCESSED = frozenset({429})
_SHORTEST_HIDDEN = 4


class Integrations(Client):
    """
    A client of the Integrations API.

    Only the two lists are safe to repeat: they are sent again after a lost response, a 429 and a 5XX. Everything else
    changes state, `disable`, `toggle` and `resume` too although they are GETs: it is sent again after a 429 only, and
    where its response was lost `Unreachable` reaches the caller at once. Redirects are not followed.

    Args:
        base_url: URL before `/api`; a trailing `/api` or slash is taken off.
        token: An API token or a user token; never shown.
        settings: See `ClientSettings`.

    Raises:
        ConfigurationError: The URL or the token cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        **settings: Unpack[ClientSettings],
    ) -> None:
        super().__init__(
            normalized_base_url(base_url, of="The Integrations client's base_url", below="/api"),
            api="this API",
            problem=_problem,
            **settings,
        )
        self._token = checked_token(
            token, of="The Integrations client's token", fix="Give the token alone, without Bearer and blanks."
        )

    def configure(
        self,
        provider_id: str,
        credentials: Mapping[str, object],
        *,
        provider_type: str = "ecommerce",
        settings: IntegrationSettings | Mapping[str, object] | None = None,
    ) -> Integration:
        """
        Set up an integration with an external platform.

        Args:
            provider_id: The platform.
            credentials: For it, as it has them; no error repeats them.
            provider_type: Kind of platform.
            settings: What the integration does by itself.

        Raises:
            NotFound: There is no such platform.
            Refused: The credentials are wrong (code `CONFIGURATION_ERROR`), or it is configured already (`CONFLICT`).
        """
        body = {"providerId": provider_id, "providerType": provider_type, "credentials": credentials}
        body |= {} if settings is None else {"settings": settings}
        hidden = tuple(text for text in _texts(credentials) if len(text) >= _SHORTEST_HIDDEN)
        call = Call(
            "POST", path_of("api", "integrations", "provider", "configure"), body=json_bytes(body), hidden=hidden
        )
        return Integration.read(self._data(call))

    def disable(self, guid: str) -> Integration:
        """
        Disable an integration for the time being; configuring it again enables it.

        Raises:
            NotFound: There is no such integration.
        """
        return Integration.read(self._data(Call("GET", path_of("api", "integrations", "provider", "disable", guid))))

    def remove(self, guid: str) -> None:
        """
        Remove an e-commerce integration for good.

        Raises:
            NotFound: There is no such integration.
        """
        self._success(Call("DELETE", path_of("api", "integrations", "providers", "ecommerce", "remove", guid)))

    def save_push_subscription(self, subscription: PushSubscription | Mapping[str, object]) -> None:
        """Register a browser for push notifications, with the JSON of its subscription."""
        hidden = tuple(_texts(subscription.get("keys")))
        self._success(
            Call(
                "POST",
                path_of("api", "integrations", "save-vapid-subscription"),
                body=json_bytes(subscription),
                hidden=hidden,
            )
        )

    def triggers(self, entity_type: EntityType | str) -> tuple[Trigger, ...]:
        """The triggers of an entity type."""
        call = Call("GET", path_of("api", "workflows", "triggers", entity_type), resend_lost=True)
        return tuple(map(Trigger.read, self._answered(call).required_nodes("data")))

    def workflows(self, entity_type: EntityType | str, *, managed: bool | None = None) -> tuple[Workflow, ...]:
        """
        The configured workflows of an entity type.

        Args:
            entity_type: What they are about.
            managed: Whether managed workflows are among them; by default the provider decides.
        """
        query = () if managed is None else (("managed", "true" if managed else "false"),)
        call = Call("GET", path_of("api", "workflows", entity_type, "configured"), query, resend_lost=True)
        return tuple(map(Workflow.read, self._answered(call).required_nodes("data")))

    def configure_workflow(
        self,
        name: str,
        entity_type: EntityType | str,
        trigger_id: str,
        action: Action | Mapping[str, object],
        conditions: Mapping[str, object] | None = None,
    ) -> Workflow:
        """
        Create or update a workflow.

        Args:
            name: For people.
            entity_type: What it is about.
            trigger_id: The trigger's guid.
            action: With its `type`.
            conditions: What the entity must have; none by default.
        """
        body = {"name": name, "entityType": entity_type, "triggerId": trigger_id, "action": action}
        body |= {} if conditions is None else {"conditions": conditions}
        return Workflow.read(self._data(Call("POST", path_of("api", "workflows", "configure"), body=json_bytes(body))))

    def toggle(self, guid: str) -> Workflow:
        """
        Enable a disabled workflow, or disable an enabled one.

        Raises:
            NotFound: There is no such workflow.
            Unreachable: The response was lost. Look at the list before toggling again.
        """
        return Workflow.read(self._data(Call("GET", path_of("api", "workflows", "configured", guid, "toggle"))))

    def delete(self, guid: str) -> None:
        """
        Remove a workflow.

        Raises:
            NotFound: There is no such workflow.
        """
        self._success(Call("DELETE", path_of("api", "workflows", "configured", guid)))

    def resume(self, workflow_id: str) -> None:
        """
        Resume a paused workflow's execution.

        Raises:
            NotFound: There is no such workflow.
        """
        self._success(Call("GET", path_of("api", "workflows", "resume-workflow"), (("workflowId", workflow_id),)))

    def _data(self, call: Call) -> JsonNode:
        answered = self._answered(call)
        if not answered.has("data"):
            raise answered.response.unexpected("/data", "is missing")
        return answered.child("data")

    def _success(self, call: Call) -> None:
        self._answered(call)

    def _answered(self, call: Call) -> JsonNode:
        """The envelope that answers a call, with as many attempts as it may have."""
        restricted = replace(self.retry, statuses=self.retry.statuses & _NOT_PROCESSED)
        authorized = replace(
            call,
            headers={"Authorization": f"Bearer {self._token}"},
            hidden=(self._token, *call.hidden),
            auth=without_netrc,
        )
        node = self._transport.read(authorized, self.retry if call.resend_lost else restricted)
        if node.members().get("success") is not True:
            raise node.response.unexpected("/success", "is not true")
        return node


def _problem(response: ClientResponse) -> Problem:
    """
    Read an error's body.

    Source:
        seeds/004, Error Responses: `{"success": false, "error": {"code", "message"}}`. Documented.
    """
    error = response.json_object().get("error")
    fields: Json = error if isinstance(error, dict) else {}
    message, code = fields.get("message"), fields.get("code")
    return Problem(
        message=response.message_or_excerpt(message),
        code=response.scrub(code) if isinstance(code, str) else None,
    )


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
