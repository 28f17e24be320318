"""The body of the operation that decides consent, which the control API's users write."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from flowproof.target.workspace import Workspace


@pytest.mark.parametrize(
    "body", ["x", [], ["consent"], 5, True, {"consent": 5}, {"consent": "x"}, {"user": []}, {"a": 1}]
)
def test_consent_of_another_form_is_refused(make_workspace: Callable[..., Workspace], body: Any) -> None:
    """
    What is no consent is refused with 422 and a sentence, whatever JSON it is.
    """
    with make_workspace() as workspace:
        own = workspace.url("otter").replace("/w/", "/_flowproof/workspaces/")
        answer = requests.put(f"{own}/consent", json=body, timeout=5)

    assert answer.status_code == 422
    assert "consent.schema.json" in answer.json()["detail"]
