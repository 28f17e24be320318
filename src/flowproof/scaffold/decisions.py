"""What was inferred, as decisions to take: one list that a person goes through."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from flowproof.conformance import Contract
from flowproof.openapi.resources import Role, Roles
from flowproof.openapi.security import Scheme

__all__ = ["decisions_text"]

INTRODUCTION = """\
The OpenAPI document does not say what follows; it was inferred. Tick what is right, and replace what is wrong: an
operation by a module in `mock/operations`, a constraint in `contract/openapi.yaml`."""
OF_COLLECTIONS = """\
In each collection a key that is taken is answered 409, or the nearest status that the operation documents. Records are
listed in the order in which they were created. Query parameters that are named as members filter. A record's parents in
the path need not exist."""
SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "create": "creates",
        "list": "lists",
        "read": "reads",
        "replace": "replaces",
        "change": "changes",
        "remove": "removes",
    }
)


OBSERVED = """\
The OpenAPI document in `contract/openapi.yaml` was inferred from recorded traffic. A recording shows what happened,
not what is allowed: it has no limits, no values to choose from, and no operation that nobody called. Tick what is
right, and change what is wrong in the document. In `contract/requirements.toml` operations and statuses are `observed`,
constraints and collections `inferred`. What you have found in the provider's documents becomes `documented`, with its
source; a certificate needs such requirements."""


def decisions_text(
    name: str,
    contract: Contract,
    roles: Roles,
    schemes: Mapping[str, Scheme],
    notes: Sequence[str],
    observed: Sequence[str] | None = None,
) -> str:
    """
    A document in Markdown.

    Args:
        name: Of the provider, for people.
        contract: What the document says.
        roles: What was inferred of collections.
        schemes: Security schemes.
        notes: What was left out.
        observed: What of the document was inferred from traffic; None where it is somebody's own.
    """
    others = [each for each in contract.operations.all if each.id not in roles]
    return "\n\n".join(
        [
            f"# Decisions to take for {name}",
            *([] if observed is None else _of_the_document(observed)),
            INTRODUCTION,
            "## Collections",
            *(_collections(roles) or ["None was found."]),
            OF_COLLECTIONS,
            "## Operations that keep nothing",
            "They answer the document's example, else a value of the schema.",
            "\n".join(f"- [ ] `{each.id}`: `{each.method} {each.path}`" for each in others) or "None.",
            "## Credentials",
            "\n".join(_credentials(schemes)),
            "## Left out",
            "\n".join(f"- [ ] {each}" for each in dict.fromkeys(notes)) or "Nothing.",
            "",
        ]
    )


def _of_the_document(observed: Sequence[str]) -> list[str]:
    return ["## The document", OBSERVED, "\n".join(f"- [ ] {each}" for each in observed), "## The mock"]


def _collections(roles: Roles) -> list[str]:
    by_path: dict[str, list[tuple[str, Role]]] = {}
    for operation, role in roles.items():
        by_path.setdefault(role.collection.path, []).append((operation, role))
    return [_collection(path, found) for path, found in by_path.items()]


def _collection(path: str, found: list[tuple[str, Role]]) -> str:
    collection = found[0][1].collection
    verbs = ", ".join(f"`{operation}` {SENTENCES[role.verb]}" for operation, role in found)
    return (
        f"- [ ] `{path}`: a record is found by its `{collection.key}`, which is `{{{collection.parameter}}}`; {verbs}."
    )


def _credentials(schemes: Mapping[str, Scheme]) -> Iterator[str]:
    for each in schemes.values():
        where = "" if each.kind in ("bearer", "basic") else f" in `{each.parameter}`"
        taken = "the mock takes the workspace's one credential, whatever its scopes"
        yield f"- [ ] `{each.name}`: {each.kind}{where}; {taken}."
    if not schemes:
        yield "The document has no security scheme: everybody is let in."
