"""What a provider gives to the kernel: one value, made in its ``__init__`` and found through an entry point."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from random import Random
from typing import Any

from flask import Blueprint

from flowproof.conformance import Contract

from .credentials import Credential
from .http.request import ProviderRequest
from .http.response import WireResponse
from .provider_context import ProviderContext
from .refusals import Refusal
from .webhooks.policy import WebhookPolicy

__all__ = ["Provider"]


@dataclass(frozen=True, slots=True)
class Provider:
    """
    One third-party API that is emulated.

    Args:
        slug: Name in paths, folders and commands.
        title: Name for people.
        routes: The operations; endpoints may be named as one likes, paths and methods are those of the contract.
        presented_key: The key of the credential that a request presents, or None when it presents none.
        authenticate: The principal of a request; raises :class:`Refusal`.
        render: A refusal in the provider's own words.
        mint: Draws the credentials of a new workspace.
        seed: The seed data that a workspace starts with; a workspace may replace it.
        seed_schema: Name of the schema file by which replaced seed data is checked.
        check_seed: Checks in seed data that fits the schema what no schema can tell; raises ConfigurationError.
        tasks: What is run when it is due on the workspace's clock, by name.
        fault_plans: Named sets of fault plans.
        redact_header: A request or response header's value as it may be shown.
        diagnose: Why the signature of a request is not right for a credential, as text without the secret; None where
            requests are not signed.
        webhooks: How it delivers webhooks; None where it has none.
        admit: Counts a request before anything else is done with it; the count stays, whatever becomes of the request.
            Raises :class:`Refusal` where there were too many.
        secret_parameters: Names of parameters whose values no journal shows: of queries, forms, redirects, JSON texts.
        secret_members: Names of members of records, seed data included, whose texts no snapshot shows.
        control: Operations of the control API that this provider adds.
        contract: Folder of its contract, or the contract itself; None where that stands in this package's contracts.
        views: Views by the operation's id, each called with the values of the path's parameters in their order; they
            stand in place of ``routes`` where a contract has more operations than anybody writes routes for.
        flask_context: Whether a view may use Flask's own ``request``, ``g`` and ``current_app``. Without them a request
            takes a tenth less time; views that use ``ctx`` alone need none of them.
        hosts: Host names under which the real provider is reached; a request to one of them needs no path prefix.
        not_emulated: What the provider has and the mock has not, one sentence each.
    """

    slug: str
    title: str
    routes: Blueprint
    presented_key: Callable[[ProviderRequest], str | None]
    authenticate: Callable[[ProviderRequest, ProviderContext], Any]
    render: Callable[[Refusal], WireResponse]
    mint: Callable[[Random, Mapping[str, Any]], Sequence[Credential]]
    seed: Mapping[str, Any]
    seed_schema: str
    check_seed: Callable[[Mapping[str, Any]], None] = lambda _seed: None
    tasks: Mapping[str, Callable[[ProviderContext, Any], None]] = field(default_factory=dict)
    fault_plans: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    redact_header: Callable[[str, str], str] = lambda _name, value: value
    diagnose: Callable[[ProviderRequest, Credential], str] | None = None
    webhooks: WebhookPolicy | None = None
    admit: Callable[[ProviderRequest, ProviderContext], None] | None = None
    secret_parameters: frozenset[str] = frozenset()
    secret_members: frozenset[str] = frozenset()
    control: Blueprint | None = None
    contract: Traversable | Contract | None = None
    views: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    flask_context: bool = True
    hosts: tuple[str, ...] = ()
    not_emulated: tuple[str, ...] = ()
