"""Control API operations of the Admin Console: people who are invited and register, and API credentials."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint

from flowproof.kernel import Credential, ProviderContext
from flowproof.kernel.control.context import NotFoundProblem, control_ctx

from . import api_keys
from .models import SeedData
from .records import Account
from .registration import Registration

__all__ = ["account_of", "console", "context_of", "invite_supplied"]

console = Blueprint("flow1st_console", __name__)


@console.get("/registration")
def show_registration(workspace: str) -> Any:
    """Who was invited, who has registered, and whether all have."""
    registration = Registration(context_of(workspace))
    return {"complete": registration.is_complete(), "people": list(registration.people())}


@console.post("/registration/invitations")
def invite(workspace: str) -> tuple[Any, int]:
    """Send a welcome email to every supplied address that has none yet: those of both environments' configuration."""
    context = context_of(workspace, "invitations")
    environments = SeedData(context.seed).environments
    supplied = [Account.existing(context, each.name).configuration for each in environments]
    return {"invited": [person for each in supplied for person in invite_supplied(context, each)]}, 201


@console.get("/registrations/<code>")
def show_person(workspace: str, code: str) -> Any:
    """The person of a welcome email's link. A POST to the same path completes the registration."""
    return _person(Registration(context_of(workspace)).person_of(code), code)


@console.post("/registrations/<code>")
def complete_registration(workspace: str, code: str) -> Any:
    """Do the step of a welcome email. Repeated, it changes nothing."""
    return _person(Registration(context_of(workspace)).complete(code), code)


@console.get("/mails")
def list_mails(workspace: str) -> Any:
    """All welcome emails, oldest first, including those sent to a mail server."""
    return {"mails": list(Registration(context_of(workspace)).mails())}


@console.get("/environments/<environment>/credentials")
def list_credentials(workspace: str, environment: str) -> Any:
    """The API keys of an environment, without their secrets."""
    context = context_of(workspace)
    account_of(context, environment)
    return {"credentials": [api_keys.shown(each) for each in api_keys.of_environment(context, environment)]}


@console.post("/environments/<environment>/credentials")
def create_credential(workspace: str, environment: str) -> tuple[Any, int]:
    """Create an API key beside the others. The answer has its secrets."""
    context = context_of(workspace, f"{environment}/create")
    account_of(context, environment)
    return api_keys.disclosed(api_keys.create(context, environment)), 201


@console.post("/environments/<environment>/credentials/<api_key>/rotate")
def rotate_credential(workspace: str, environment: str, api_key: str) -> Any:
    """Give an API key new secrets. The old ones, and the tokens that it got, are invalid at once."""
    context = context_of(workspace, f"{environment}/{api_key}/rotate")
    return api_keys.disclosed(api_keys.rotate(context, _credential(context, environment, api_key)))


@console.delete("/environments/<environment>/credentials/<api_key>")
def revoke_credential(workspace: str, environment: str, api_key: str) -> tuple[str, int]:
    """Revoke an API key, with the tokens that it got."""
    context = context_of(workspace)
    api_keys.revoke(context, _credential(context, environment, api_key))
    return "", 204


def context_of(workspace: str, rng_key: str = "") -> ProviderContext:
    return control_ctx.provider_context(workspace, "flow1st", rng_key=f"control/{rng_key}")


def account_of(context: ProviderContext, environment: str) -> Account:
    """
    The account of an environment.

    Raises:
        NotFoundProblem: There is no such environment.
    """
    account = Account.of(context, environment)
    if account is None:
        raise NotFoundProblem(f"There is no environment {environment}; there are staging and production.")
    return account


def invite_supplied(context: ProviderContext, configuration: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Invite those addresses of a configuration that were not invited before."""
    return list(Registration(context).invite(configuration["emails"], control_ctx.base_url))


def _person(person: Mapping[str, Any] | None, code: str) -> Mapping[str, Any]:
    if person is None:
        raise NotFoundProblem(f"No welcome email has the code {code}.")
    return person


def _credential(context: ProviderContext, environment: str, api_key: str) -> Credential:
    account_of(context, environment)
    for each in api_keys.of_environment(context, environment):
        if each.key == api_key:
            return each
    raise NotFoundProblem(f"There is no API key {api_key} in {environment}.")
