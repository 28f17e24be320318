"""The control API's operation on a workspace's records: what its mocks hold, by provider and kind."""

from typing import Any

from flask import Blueprint

from flowproof.kernel.state.rows import SEED
from flowproof.redaction.marks import REDACTED

from .context import control_ctx

__all__ = ["record_routes"]

record_routes = Blueprint("records", __name__)


@record_routes.get("")
def list_records(workspace: str) -> dict[str, Any]:
    """The newest records of each kind and how many there are, without secret members; keys may be secrets."""
    mock, limit = control_ctx.mock, control_ctx.number("limit", 100)
    chosen = control_ctx.workspace(workspace).id
    records = mock.store.records
    kinds: dict[str, list[str]] = {slug: [] for slug in mock.apps}
    for slug, kind in records.kinds(chosen):
        if slug in kinds and kind != SEED:
            kinds[slug].append(kind)
    return {
        "records": {
            slug: [
                {
                    "kind": kind,
                    "count": records.count(chosen, slug, kind),
                    "newest": [
                        _masked(value, mock.apps[slug].provider.secret_members)
                        for value in records.newest(chosen, slug, kind, limit=limit, offset=0)
                    ],
                }
                for kind in found
            ]
            for slug, found in kinds.items()
        }
    }


def _masked(value: Any, secret_members: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_masked(each, secret_members) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: REDACTED if name in secret_members and isinstance(each, str) else _masked(each, secret_members)
        for name, each in value.items()
    }
