"""``flowproof explain``: why a request was refused, asked of a server, or of a provider's own scheme without one."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import click

from flowproof.conformance import Contract, load_contract
from flowproof.errors import ConfigurationError, ContractError
from flowproof.providers import find_providers

from .control import Control, workspace_path
from .options import complete_provider, option, workspace_options
from .tables import heading, paragraph, rows, visible

__all__ = ["explain"]


@click.command()
@click.argument("exchange", required=False, metavar="[EXCHANGE-ID]")
@workspace_options
@option(
    "--provider",
    shell_complete=complete_provider,
    metavar="SLUG",
    help="Without a server: judge the signature of a request to this provider.",
)
@option("--signature", metavar="TEXT", help="The signature as presented.")
@option("--method", default="GET", metavar="METHOD", help="The request's method.")
@option("--url", metavar="URL", help="The request's URL or path, with its query, as sent.")
@option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header as sent; may be repeated.")
@option("--body", metavar="TEXT|@FILE", help="The request's body as sent.")
@click.pass_context
def explain(context: click.Context, /, exchange: str | None, **values: Any) -> None:
    """
    Say why a request was refused.

    With the id of an exchange (response header Flowproof-Exchange), or for the last refused one of a workspace, a
    running server is asked, whose control API may want --token.

    With --provider no server is needed: the signature of a request is judged as that provider would. Give the request
    as it was sent, all headers that matter included. Where the header that carries the signature is not among them it
    is put together from --token (the provider's, not the control API's) and --signature as TOKEN:SIGNATURE. The secret
    comes from FLOWPROOF_SECRET or is asked for, and is never shown.

    \b
      flowproof explain default-17
      flowproof explain --provider acme --method POST --url /api/order \\
        --header 'x-acme-date: 2024-09-13T12:00:00Z' --token 1234 --signature 98f6…
    """
    if values["provider"]:
        from .signature import diagnose_signature  # noqa: PLC0415 (loads Flask)

        if exchange:
            raise click.UsageError("An exchange is explained by a server: leave --provider out.")
        if context.get_parameter_source("token") is not click.core.ParameterSource.COMMANDLINE:
            values["token"] = None  # FLOWPROOF_TOKEN is the control API's
        request = {name: value for name, value in values.items() if name not in {"server", "workspace"}}
        click.echo(paragraph(diagnose_signature(**request)))
        return
    if values["signature"] or values["url"] or values["headers"] or values["body"]:
        raise click.UsageError("A signature is judged by its provider's scheme: name it with --provider.")
    click.echo(_explanation(exchange, values["server"], values["token"], values["workspace"]))


def _explanation(exchange: str | None, server: str, token: str | None, workspace: str) -> str:
    control = Control(server, token)
    if exchange is not None:
        return _text(control.get(f"/exchanges/{quote(exchange, safe='')}"))
    refused = control.get(workspace_path(workspace, "/journal"), refused="true", limit="1")["exchanges"]
    return _text(refused[-1]) if refused else f"Nothing was refused in workspace {workspace}."


def _text(entry: Mapping[str, Any]) -> str:
    """One exchange for a person."""
    contract = _contract(entry["provider"])
    parts = [heading(entry["id"]), rows(_facts(entry, contract))]
    parts += [part for part in (_requirement(entry["requirement"], contract), _findings(entry)) if part]
    if entry["explanation"]:
        parts.append(paragraph(str(entry["explanation"])))
    if entry["faults"]:
        lines = (f"- {_plan(plan)}" for plan in entry["faults"])
        parts.append("\n".join([heading("Faults that fired"), *lines]))
    return "\n\n".join(parts)


def _facts(entry: Mapping[str, Any], contract: Contract | None) -> Iterator[tuple[str, object]]:
    request = entry["request"]
    yield "request", f"{request['method']} {request['url']}"
    yield "answered", entry["response"]["status"] or "nothing: the connection was broken"
    yield "provider", entry["provider"]
    missed = contract.operations.near_miss(request["method"], request["path"]) if contract else None
    nearest = contract.operations.nearest(request["method"], request["path"]) if contract else None
    if entry["operation"]:
        yield "operation", entry["operation"]
    elif missed:
        yield "operation", f"none; without {missed[0]} it is {missed[1].id}: {missed[1].method} {missed[1].path}"
    elif nearest:
        yield "operation", f"none; the nearest is {nearest.id}: {nearest.method} {nearest.path}"
    yield "at", f"{entry['started_at']} on the clock of workspace {entry['workspace']}"


def _requirement(identifier: str | None, contract: Contract | None) -> str:
    if identifier is None:
        return ""
    stated = contract.requirements.get(identifier) if contract else None
    lines: list[tuple[str, object]] = [("requirement", identifier)]
    if stated is not None:
        lines += [("text", stated.text), ("source", f"{stated.source} ({stated.standing})")]
        lines += [("reading", stated.note)] if stated.note else []
    return rows(lines)


def _findings(entry: Mapping[str, Any]) -> str:
    return "\n".join(
        rows(
            [
                ("finding", f"{each['where']}{'#' + each['pointer'] if each['pointer'] else ''}"),
                ("  expected", each["expected"]),
                ("  got", each["got"]),
                *([("  by", each["requirement"])] if each["requirement"] not in {None, entry["requirement"]} else []),
            ]
        )
        for each in entry["findings"]
    )


def _plan(plan: Mapping[str, Any]) -> str:
    details = (f"{name}={value}" for name, value in plan.items() if name not in {"id", "fault"} and value is not None)
    return visible(" ".join([str(plan.get("id", "")), str(plan.get("fault", "")), *details]))


def _contract(slug: str) -> Contract | None:
    """The contract that states a requirement; None where the server has a provider that is not installed here."""
    with suppress(ContractError):
        return load_contract(slug)  # (one of ours, which takes no look at the installed distributions)
    with suppress(ConfigurationError, ContractError):
        return load_contract(slug, find_providers([slug])[0].contract)
    return None
