"""A provider of the kernel's tests: it keeps notes, and stands outside the package as a stranger's provider would."""

from pathlib import Path
from random import Random
from typing import Any

import orjson
from flask import Blueprint, Response

from flowproof.conformance import Finding
from flowproof.kernel import (
    Credential,
    Provider,
    ProviderContext,
    ProviderRequest,
    Refusal,
    WireResponse,
    ctx,
    hex_id,
)
from flowproof.kernel.control.context import control_ctx
from flowproof.kernel.refusals import (
    BodyTooLarge,
    ContractBroken,
    FaultInjected,
    MalformedBody,
    MethodNotAllowed,
    NoSuchRoute,
    WrongContentType,
)

__all__ = ["FOLDER", "MAYHEM", "provider"]

FOLDER = Path(__file__).parent
MAYHEM = ({"fault": "status", "status": 502, "first": 1}, {"fault": "latency", "seconds": 0})
STATUS = {
    BodyTooLarge: 413,
    ContractBroken: 400,
    MalformedBody: 400,
    WrongContentType: 400,
    NoSuchRoute: 404,
    MethodNotAllowed: 405,
}
routes = Blueprint("notes", __name__)
control = Blueprint("notes_control", __name__)


class Missing(Refusal):
    """There is no such note."""


class Unknown(Refusal):
    """Nobody has that key."""


@routes.post("/notes")
def create() -> Any:
    """Keep a note."""
    note = {**ctx.json, "id": hex_id(ctx.rng, 16), "at": ctx.now.isoformat()}
    ctx.state.put("note", note["id"], note)
    return note, 201


@routes.get("/notes")
def list_all() -> Any:
    """All notes, the newest first."""
    return {"notes": list(ctx.state.newest("note")), "motto": ctx.seed["motto"]}


@routes.get("/notes/<note_id>")
def get(note_id: str) -> Any:
    """One note; ``anything`` is always there."""
    if note_id.startswith("echo:"):
        return {"text": note_id}
    found = ctx.state.get("note", note_id)
    if found is None:
        raise Missing([Finding("request.path", "/noteId", "a note", note_id)])
    return found


@routes.delete("/notes/<note_id>")
def delete(note_id: str) -> Any:
    """Forget a note."""
    ctx.state.delete("note", note_id)
    return None, 204


@routes.post("/optional")
def optional() -> Any:
    """A body that may be left out."""
    return {"got": ctx.json}


@routes.post("/countdowns")
def count_down() -> Any:
    """Write a note when the time has come, and so many more after it."""
    ctx.context.schedule("tick", after_s=ctx.json.get("after_s", 1), value=ctx.json)
    return {}, 202


@routes.post("/broken")
def break_down() -> Any:
    """Fail after something has been kept."""
    ctx.state.put("note", "half", {"text": "never kept"})
    raise ZeroDivisionError("on purpose")


@routes.get("/liar")
def lie() -> Any:
    """Answer what the contract forbids."""
    return Response(orjson.dumps({"text": ""}), content_type="application/json")


def tick(context: ProviderContext, value: Any) -> None:
    """Write the moment down, and do so again until it has been done often enough."""
    if value.get("fail") and not (value["fail"] == "without a note" and context.state.count("note")):
        context.state.put("note", "half", {"text": "never kept"})
        raise ZeroDivisionError("on purpose")
    key = hex_id(context.rng, 16)
    context.state.put("note", key, {"text": value["name"], "id": key, "at": context.now.isoformat()})
    if value.get("again", 0) > 0:
        context.schedule("tick", after_s=value["every_s"], value={**value, "again": value["again"] - 1})


@control.get("/motto")
def motto(workspace: str) -> Any:
    """The motto, as an operation of the control API that only this provider has."""
    return {"motto": control_ctx.provider_context(workspace, "notes").seed["motto"]}


def presented_key(request: ProviderRequest) -> str | None:
    """The header's value."""
    return request.header("x-key")


def authenticate(request: ProviderRequest, context: ProviderContext) -> str:
    """Whoever has a key of this workspace."""
    key = request.header("x-key")
    if key is None or context.credential(key) is None:
        raise Unknown([Finding("request.headers", "/x-key", "a key of this workspace", "another")])
    return key


def render(refusal: Refusal) -> WireResponse:
    """All errors look alike."""
    if isinstance(refusal, FaultInjected):
        wait = () if refusal.retry_after_s is None else (("Retry-After", str(refusal.retry_after_s)),)
        return oops(refusal.status, *wait)
    if isinstance(refusal, Missing):
        return oops(404)
    return oops(401 if isinstance(refusal, Unknown) else STATUS.get(type(refusal), 500))


def oops(status: int, *headers: tuple[str, str]) -> WireResponse:
    """The provider's own error."""
    return WireResponse(status, orjson.dumps({"oops": str(status)}), (("Content-Type", "application/json"), *headers))


def mint(rng: Random, _seed: Any) -> tuple[Credential, ...]:
    """One key; its secret has characters that are written in many ways."""
    return (Credential(hex_id(rng, 20), secrets={"secret": f'{hex_id(rng, 20)}/"+ä='}),)


provider = Provider(
    slug="notes",
    title="Notes",
    routes=routes,
    presented_key=presented_key,
    authenticate=authenticate,
    render=render,
    mint=mint,
    seed={"motto": "write it down"},
    seed_schema="seed.schema.json",
    tasks={"tick": tick},
    fault_plans={"mayhem": MAYHEM},
    control=control,
    hosts=("api.notes.example",),
    contract=FOLDER,
)
