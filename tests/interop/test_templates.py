"""Our renderer of postback templates, compared with Handlebars from npm."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowproof.mocks.oneflow.handlebars import TemplateError, compile_template
from tests.interop import programs

BATCH = 40
VALUES = ("x", "a.b", "this", ".", "./x", "../x", "l.[1]", "l.length", "@index", "@key", "@first", "missing", "o", "n")
ARGUMENTS = ("l", "a", "a.e", "zero", "no", "x", "o", "this", "../l", "missing")
CONTEXT = {"x": "<X>", "n": "1.5", "a": {"b": "B", "e": []}, "l": ["p", "q"], "o": {"k": "K"}, "zero": 0, "no": False}
BLANKS = st.sampled_from(["", " ", "\n", "  \n", "\n  ", "\r\n", "text", " text \n"])


def rendered(cases: Sequence[Mapping[str, Any]]) -> tuple[str, list[dict[str, str]]]:
    """The version of Handlebars, and its result for each case."""
    output = json.loads(programs.ask("render.mjs", json.dumps(cases)))
    return output["handlebars"], output["rendered"]


def ours(template: str, context: Any) -> dict[str, str]:
    """The result of our renderer for each case."""
    try:
        return {"text": compile_template(template).render(context)}
    except TemplateError as error:
        return {"error": str(error)}


@st.composite
def tags(draw: st.DrawFn, inner: str) -> str:
    """A tag, with or without a tilde at its ends."""
    left, right = draw(st.sampled_from(["", "", "", "~"])), draw(st.sampled_from(["", "", "", "~"]))
    return f"{{{{{left}{inner}{right}}}}}"


@st.composite
def templates(draw: st.DrawFn, depth: int = 0) -> str:
    """Templates in the subset that our renderer knows."""
    pieces = []
    for _ in range(draw(st.integers(0, 3))):
        pieces.append(draw(BLANKS))
        kind = draw(st.sampled_from(["value", "comment", "block", "block"]))
        if kind == "value":
            pieces.append(draw(tags(draw(st.sampled_from(VALUES)))))
        elif kind == "comment":
            pieces.append(draw(st.sampled_from(["{{! c }}", "{{!-- }} --}}", "{{~! c ~}}"])))
        elif depth < 2:
            pieces.append(draw(block(depth)))
        pieces.append(draw(BLANKS))
    return "".join(pieces)


@st.composite
def block(draw: st.DrawFn, depth: int) -> str:
    """A block, with or without else."""
    helper = draw(st.sampled_from(["if", "unless", "each", "with"]))
    text = draw(tags(f"#{helper} {draw(st.sampled_from(ARGUMENTS))}")) + draw(templates(depth + 1))
    if draw(st.booleans()):
        text += draw(tags(f"else if {draw(st.sampled_from(ARGUMENTS))}")) + draw(templates(depth + 1))
    if draw(st.booleans()):
        text += draw(tags("else")) + draw(templates(depth + 1))
    return text + draw(tags(f"/{helper}"))


def test_vectors_are_what_handlebars_renders(installed_sdk: None) -> None:
    """
    Every known answer of fixtures/oneflow/vectors/templates.json is what Handlebars, as it is pinned, renders now.
    """
    folder = files("flowproof.fixtures").joinpath("oneflow").joinpath("vectors")
    kept = json.loads(folder.joinpath("templates.json").read_text(encoding="utf-8"))

    version, answers = rendered(kept["vectors"])

    assert kept["computed_by"].startswith(f"handlebars {version} from npm")
    assert answers == [{"text": each["expected"]} for each in kept["vectors"]]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(templates(), min_size=BATCH, max_size=BATCH))
def test_both_renderers_agree(installed_sdk: None, drawn: list[str]) -> None:
    """
    Whatever template is made of what our renderer knows, it renders to the text that Handlebars renders.
    """
    cases = [{"template": template, "context": CONTEXT} for template in drawn]

    _, answers = rendered(cases)

    assert [(each, ours(each, CONTEXT)) for each in drawn] == list(zip(drawn, answers, strict=True))
