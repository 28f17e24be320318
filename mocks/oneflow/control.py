"""Control API operations on submission errors, which the provider's production UI shows, edits and resubmits."""

from typing import Any

from flask import Blueprint

from flowproof.kernel import State
from flowproof.kernel.control.context import NotFoundProblem, control_ctx

from . import lifecycle
from .models import Submission
from .records import Orders

__all__ = ["control"]

control = Blueprint("oneflow_control", __name__)


@control.get("/submission-errors")
def list_submission_errors(workspace: str) -> Any:
    """All submissions that did not become orders, newest first."""
    orders = Orders(control_ctx.provider_context(workspace, "oneflow").state)
    return {"submissionErrors": [_shown(each) for each in orders.submission_errors()]}


@control.get("/submission-errors/<submission_id>")
def get_submission_error(workspace: str, submission_id: str) -> Any:
    """One submission error."""
    return _shown(_found(control_ctx.provider_context(workspace, "oneflow").state, submission_id))


@control.put("/submission-errors/<submission_id>")
def edit_submission_error(workspace: str, submission_id: str) -> Any:
    """Replace the order of a submission. It is not validated before it is resubmitted."""
    context = control_ctx.provider_context(workspace, "oneflow")
    state, order = context.state, control_ctx.checked_body(context, "edited-submission.schema.json")
    record = _found(state, submission_id)
    edited = {**record, "submission": {**record["submission"], "order": order}}
    Orders(state).replace_submission_error(submission_id, edited)
    return _shown(edited)


@control.post("/submission-errors/<submission_id>/resubmit")
def resubmit(workspace: str, submission_id: str) -> tuple[Any, int]:
    """Process a submission again, on the workspace's clock."""
    context = control_ctx.provider_context(workspace, "oneflow")
    record = {**_found(context.state, submission_id), "resubmitted": True}
    Orders(context.state).replace_submission_error(submission_id, record)
    lifecycle.submit(Submission.from_json(record["submission"]), context)
    return _shown(record), 202


def _found(state: State, submission_id: str) -> Any:
    record = Orders(state).submission_error(submission_id)
    if record is None:
        raise NotFoundProblem(f"There is no submission error {submission_id}.")
    return record


def _shown(record: Any) -> dict[str, Any]:
    submission = record["submission"]
    return {
        "_id": submission["id"],
        "sourceAccountId": submission["account_id"],
        "timestamp": submission["submitted_at"],
        "order": submission["order"],
        "errors": record["errors"],
        "resubmitted": record["resubmitted"],
    }
