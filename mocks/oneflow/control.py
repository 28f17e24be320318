"""What the provider's production UI does with submission errors, as operations of the control API."""

from typing import Any

from flask import Blueprint

from flowproof.kernel import ProviderContext, State
from flowproof.kernel.control.context import NotFoundProblem, control_ctx

from . import processing
from .models import Submission
from .orders import Orders

__all__ = ["control"]

control = Blueprint("oneflow_control", __name__)


@control.get("/submission-errors")
def list_submission_errors(workspace: str) -> Any:
    """All submissions that did not become orders, the newest first."""
    return {"submissionErrors": [_shown(each) for each in Orders(_context(workspace).state).submission_errors()]}


@control.get("/submission-errors/<submission_id>")
def get_submission_error(workspace: str, submission_id: str) -> Any:
    """One of them."""
    return _shown(_found(_context(workspace).state, submission_id))


@control.put("/submission-errors/<submission_id>")
def edit_submission_error(workspace: str, submission_id: str) -> Any:
    """Replace the order of a submission; nothing is judged before it is resubmitted."""
    state = _context(workspace).state
    kept = _found(state, submission_id)
    edited = {**kept, "submission": {**kept["submission"], "order": control_ctx.json}}
    Orders(state).replace_submission_error(submission_id, edited)
    return _shown(edited)


@control.post("/submission-errors/<submission_id>/resubmit")
def resubmit(workspace: str, submission_id: str) -> tuple[Any, int]:
    """Have a submission judged again, on the workspace's clock."""
    context = _context(workspace)
    kept = {**_found(context.state, submission_id), "resubmitted": True}
    Orders(context.state).replace_submission_error(submission_id, kept)
    processing.submit(Submission.from_json(kept["submission"]), context)
    return _shown(kept), 202


def _context(workspace: str) -> ProviderContext:
    return control_ctx.provider_context(workspace, "oneflow", rng_key="control")


def _found(state: State, submission_id: str) -> Any:
    kept = Orders(state).submission_error(submission_id)
    if kept is None:
        raise NotFoundProblem(f"There is no submission error {submission_id}.")
    return kept


def _shown(kept: Any) -> dict[str, Any]:
    submission = kept["submission"]
    return {
        "_id": submission["id"],
        "sourceAccountId": submission["account_id"],
        "timestamp": submission["submitted_at"],
        "order": submission["order"],
        "errors": kept["errors"],
        "resubmitted": kept["resubmitted"],
    }
