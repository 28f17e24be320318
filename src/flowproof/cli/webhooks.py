"""``flowproof webhooks``: what a workspace of a running server delivers, and what goes wrong with it on purpose."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import click

from flowproof.errors import ConfigurationError

from .control import Control, workspace_path
from .group import CommandGroup
from .options import complete_provider, option, workspace_options
from .tables import json_text, table

__all__ = ["webhooks"]

POLL_S = 0.05
BAD = frozenset({"FAIL", "ERROR"})


@click.group(cls=CommandGroup)
def webhooks() -> None:
    """Show, send and spoil the webhooks of a workspace."""


@webhooks.command("list")
@workspace_options
@option("--limit", type=click.IntRange(1, 100_000), default=20, help="How many of the last.")
def list_(server: str, token: str | None, workspace: str, limit: int) -> None:
    """Show the last deliveries of a workspace."""
    shown = Control(server, token).get(workspace_path(workspace, "/webhooks"), limit=str(limit))
    click.echo(table(("DELIVERY", "STATE", "EVENT", "TO", "ANSWERS", "NEXT"), map(_line, shown["deliveries"])))


@webhooks.command()
@click.argument("delivery")
@workspace_options
def show(delivery: str, server: str, token: str | None, workspace: str) -> None:
    """Show one delivery with its attempts, as JSON."""
    click.echo(json_text(Control(server, token).get(_delivery_path(workspace, delivery))))


@webhooks.command()
@click.argument("delivery")
@workspace_options
def replay(delivery: str, server: str, token: str | None, workspace: str) -> None:
    """Deliver the same bytes once more, signed anew."""
    made = Control(server, token).post(f"{_delivery_path(workspace, delivery)}/replay", {})
    click.echo(_shown(made["deliveries"]))


@webhooks.command()
@click.argument("delivery")
@workspace_options
def retry(delivery: str, server: str, token: str | None, workspace: str) -> None:
    """Make the next attempt of a delivery now; one that has failed is tried once more."""
    click.echo(_shown([Control(server, token).post(f"{_delivery_path(workspace, delivery)}/retry")]))


@webhooks.command()
@click.argument("provider", shell_complete=complete_provider)
@click.argument("event")
@click.argument("url")
@workspace_options
def trigger(provider: str, event: str, url: str, server: str, token: str | None, workspace: str) -> None:
    """Deliver an event with made-up content to a URL."""
    value = {"provider": provider, "event": event, "url": url}
    made = Control(server, token).post(workspace_path(workspace, "/webhooks/trigger"), value)
    click.echo(_shown(made["deliveries"]))


@webhooks.command()
@click.argument("changes", nargs=-1, metavar="[NAME=VALUE...]")
@click.option("--honest", is_flag=True, show_default=False, help="Let nothing go wrong on purpose any more.")
@workspace_options
def adversary(changes: tuple[str, ...], honest: bool, server: str, token: str | None, workspace: str) -> None:
    """
    Show what goes wrong with webhooks on purpose, or replace it.

    \b
      flowproof webhooks adversary copies=2 out_of_order_s=30
      flowproof webhooks adversary signature=wrong
    """
    if honest and changes:
        raise click.UsageError("Webhooks cannot be honest and have something go wrong.")
    control, path = Control(server, token), workspace_path(workspace, "/webhooks")
    if honest or changes:
        control.put(f"{path}/adversary", dict(_pair(each) for each in changes))
    click.echo(json_text(control.get(path, limit="0")["adversary"]))


@webhooks.command()
@click.argument("provider", shell_complete=complete_provider)
@click.argument("url")
@option("--event", metavar="NAME", help="Which event is sent.  [default: the provider's first]")
@option(
    "--timeout", type=click.FloatRange(min=0), default=120.0, metavar="SECONDS", help="How long all of it may take."
)
@workspace_options
@click.pass_context
def trial(
    context: click.Context,
    /,
    provider: str,
    url: str,
    event: str | None,
    timeout: float,
    server: str,
    token: str | None,
    workspace: str,
) -> None:
    """
    Try a receiver with everything that it must accept or refuse.

    The exit code is 1 when the receiver failed somewhere or could not be heard.
    """
    control, path = Control(server, token), workspace_path(workspace, "/webhooks/trials")
    name = control.post(path, {"provider": provider, "url": url} | ({"event": event} if event else {}))["trial"]
    deadline = time.monotonic() + timeout
    while not (found := control.get(f"{path}/{name}"))["finished"]:
        if time.monotonic() >= deadline:
            raise ConfigurationError(f"{name} did not end within {timeout:g} s.", "Allow it more with --timeout.")
        time.sleep(POLL_S)
    head = ("VERDICT", "TRIAL", "MUST", "ANSWERED", "WHY")
    click.echo(table(head, [_verdict_line(each) for each in found["verdicts"]]))
    if any(each["verdict"] in BAD for each in found["verdicts"]):
        context.exit(1)


def _line(delivery: Mapping[str, Any]) -> Sequence[object]:
    is_waiting = delivery["state"] in ("pending", "sending")
    return (
        delivery["id"],
        delivery["state"],
        f"{delivery['provider']} {delivery['webhook']['event']}",
        delivery["webhook"]["url"],
        _answers(each["status"] for each in delivery["attempts"]),
        delivery["due_at"] if is_waiting else "",
    )


def _verdict_line(verdict: Mapping[str, Any]) -> Sequence[object]:
    why = verdict["reason"] if verdict["verdict"] != "PASS" else verdict["why"]
    return verdict["verdict"], verdict["trial"], verdict["expected"], _answers(verdict["answers"]), why


def _answers(statuses: Any) -> str:
    return " ".join(str(status or "-") for status in statuses)


def _shown(deliveries: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(f"{each['id']} {each['webhook']['event']} to {each['webhook']['url']}" for each in deliveries)


def _delivery_path(workspace: str, delivery: str) -> str:
    return workspace_path(workspace, f"/webhooks/deliveries/{quote(delivery, safe='')}")


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError(f"{text!r} changes nothing.", "Write NAME=VALUE, such as copies=2.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
