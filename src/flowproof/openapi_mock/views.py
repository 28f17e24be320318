"""The views of all operations: those of a collection keep its records, all others show examples."""

from collections.abc import Callable, Mapping
from typing import Any

from flowproof.conformance.operations import Operation
from flowproof.kernel import WireResponse, ctx
from flowproof.openapi.examples import success_status
from flowproof.openapi.generation import Occasion

from .collection_view import CollectionView
from .model import Model
from .rendering import rendered

__all__ = ["View", "make_views"]

View = Callable[..., Any]


def make_views(model: Model) -> Mapping[str, View]:
    """A view for each operation, by its id."""
    return {each.id: _view(model, each) for each in model.contract.operations.all}


def _view(model: Model, operation: Operation) -> View:
    role = model.roles.get(operation.id)
    if role is None:
        return _example_view(model, operation)
    stateful = CollectionView(model, operation, role)
    views: Mapping[str, View] = {
        "create": stateful.create,
        "list": stateful.list_page,
        "read": stateful.read,
        "replace": stateful.replace,
        "change": stateful.change,
        "remove": stateful.remove,
    }
    return views[role.verb]


def _example_view(model: Model, operation: Operation) -> View:
    status = success_status(operation)

    def view(*_values: str) -> Any:
        """The example of the document, or a value of its schema."""
        answer = model.answers.of(operation, status, Occasion(ctx.rng, ctx.now))
        if answer.media_type and not answer.is_json:
            return WireResponse(status, str(answer.value).encode(), (("Content-Type", answer.media_type),))
        return rendered(answer.value, status, answer.media_type)

    return view
