"""
Explains what the provider keeps silent about: why a submission is no order yet or never will be, and which requirement
refuses the document's own minimum order. The texts go into the journal, never into a provider's body.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flowproof.conformance import Finding
from flowproof.kernel import ProviderContext

from .models import Submission
from .records import Orders

__all__ = ["about_minimum_order", "about_order_id", "about_source_order_id", "about_submission"]

Json = Mapping[str, Any]
# What the document's minimum order lacks, by the requirement that its tables make of it.
LACKING = frozenset({"oneflow.order.source_order_id", "oneflow.order.item.source_item_id"})
MINIMUM_ORDER = (
    "The document's own minimum order has neither sourceOrderId nor sourceItemId, although its tables require both"
    " (oneflow.order.minimum_example). The setting accept_minimum_order of the seed data accepts it."
)


def about_minimum_order(findings: Iterable[Finding]) -> str:
    """A hint where an order lacks what the document's minimum order lacks, else an empty text."""
    lacks = any(each.keyword == "required" and each.requirement in LACKING for each in findings)
    return MINIMUM_ORDER if lacks else ""


def about_submission(submission_id: str, findings: Iterable[Finding], workspace: str) -> str:
    """Why a submission did not become an order, for the exchange that submitted it."""
    text = (
        f"The submission {submission_id} was answered 201, as every one is, and did not become an order when it was"
        f" processed. The control API shows it, and takes it edited, at {_control_path(submission_id, workspace)}."
    )
    return "\n".join(part for part in (text, about_minimum_order(findings)) if part)


def about_order_id(order_id: str, context: ProviderContext) -> tuple[str, str]:
    """What an id is that no order has, and an explanation; two empty texts where it is nothing that is known."""
    error = Orders(context.state).submission_error(order_id)
    if error is not None:
        return _failed(error, context)
    return _waiting(lambda submission: submission.id == order_id, context)


def about_source_order_id(source_order_id: str, account_id: str, context: ProviderContext) -> tuple[str, str]:
    """As :func:`about_order_id`, for the account's own id of an order."""

    def is_it(submission: Submission) -> bool:
        return submission.account_id == account_id and submission.source_order_id == source_order_id

    for error in Orders(context.state).submission_errors():
        if is_it(Submission.from_json(error["submission"])):
            return _failed(error, context)
    return _waiting(is_it, context)


def _control_path(submission_id: str, workspace: str) -> str:
    return f"/_flowproof/workspaces/{workspace}/oneflow/submission-errors/{submission_id}"


def _failed(error: Json, context: ProviderContext) -> tuple[str, str]:
    submission = Submission.from_json(error["submission"])
    reasons = [f"{each['path'] or 'the body'} {each['message']}" for each in error["errors"]]
    cited = [f" [{each['requirement']}]" if each.get("requirement") else "" for each in error["errors"]]
    lines = [f"- {reason}{requirement}" for reason, requirement in zip(reasons, cited, strict=True)]
    sent_by = f" (exchange {submission.exchange})" if submission.exchange else ""
    text = "\n".join(
        [
            f"The submission {submission.id}{sent_by} was answered 201 and did not become an order:",
            *lines,
            f"The control API has it at {_control_path(submission.id, context.state.workspace)}.",
        ]
    )
    return f"that of a submission that did not become an order: {'; '.join(reasons)}", text


def _waiting(is_it: Callable[[Submission], bool], context: ProviderContext) -> tuple[str, str]:
    for due, value in context.waiting("process"):
        submission = Submission.from_json(value)
        if is_it(submission):
            text = (
                f"The submission {submission.id} is processed at {due.isoformat(timespec='milliseconds')} on the clock"
                f" of workspace {context.state.workspace}. Until then there is no order: wait, or advance the clock."
            )
            return "that of a submission that is not processed yet", text
    return "", ""
