"""Templates of postbacks: known answers by Handlebars itself, and a clear error for what is not known."""

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.mocks.oneflow.handlebars import TemplateError, compile_template
from flowproof.mocks.oneflow.models import Event
from flowproof.mocks.oneflow.webhooks import TEMPLATES

FIXTURES = files("flowproof.fixtures").joinpath("oneflow")
VECTORS = json.loads(FIXTURES.joinpath("vectors").joinpath("templates.json").read_text(encoding="utf-8"))["vectors"]
DOCUMENTED = json.loads(FIXTURES.joinpath("templates.json").read_text(encoding="utf-8"))
ERROR = {"name": "ValidationError", "message": "is required", "path": "orderData.items.0.sku"}

REFUSED = {
    "{{#foo x}}y{{/foo}}": "line 1, column 1: the block #foo is not known; known are #if, #unless, #each, #with",
    "a\nb {{> partial}}": "line 2, column 3: {{> partial}} is a partial, which is not known",
    "{{#> layout}}x{{/layout}}": "line 1, column 1: {{#> layout}} is a partial block, which is not known",
    "{{* decorate}}": "line 1, column 1: {{* decorate}} is a decorator, which is not known",
    '{{#*inline "x"}}y{{/inline}}': 'line 1, column 1: {{#*inline "x"}} is a decorator, which is not known',
    "{{^if a}}x{{/if}}": "line 1, column 1: {{^if a}} is an inverted section, which is not known; write #unless",
    "{{{{raw}}}}x{{{{/raw}}}}": "line 1, column 1: {{{{ (raw block) is not known",
    "\\{{a}}": "line 1, column 1: a backslash before {{ (escaped mustache) is not known",
    "{{format date}}": "{{…}} holds 'format date', which is no plain path; helpers, literals and (…) are not known",
    "{{#if (eq a b)}}x{{/if}}": "the argument of #if holds '(eq a b)', which is no plain path",
    "{{#each l as |x|}}y{{/each}}": "the argument of #each holds 'l as |x|', which is no plain path",
    "{{#if a includeZero=true}}x{{/if}}": "the argument of #if holds 'a includeZero=true', which is no plain path",
    "{{true}}": "{{…}} holds true, a literal, which is not known",
    "{{'a'}}": "which is no plain path",
    "{{12}}": "{{…}} holds 12, a literal, which is not known",
    "{{l.0}}": "in l.0 stands the number 0; write [0]",
    "{{a.this}}": "in a.this stands 'this' behind a name",
    "{{a/../b}}": "in a/../b stands '..' behind a name",
    "{{@odd}}": "@odd is not known; known are @index, @first, @last, @key, @root",
    "{{@../index}}": "@../index is not known",
    "{{lookup}}": "lookup is a helper of Handlebars here; for a field of that name write this.lookup",
    "{{}}": "{{…}} is empty",
    "{{a": "this {{ is not closed by }}, or has a brace inside",
    "{{!-- a }}": "is no plain path",
    "{ {{a}}}": "line 1, column 6: }}} closes {{{ only",
    "{{#if a}}x": "line 1, column 1: the block #if a is not closed",
    "{{#if a}}x{{/each}}": "line 1, column 11: /each does not close #if",
    "{{#if a}}{{else}}{{else}}{{/if}}": "line 1, column 18: #if has a second else",
    "{{#if}}x{{/if}}": "#if needs something to look at, such as #if data",
    "x{{/if}}": "line 1, column 2: no block is open to which /if could belong",
    "{{else}}": "no block is open to which else could belong",
    "{{#if a}}" * 40: "more than 32 blocks inside each other",
}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each["name"])
def test_renders_what_handlebars_renders(vector: dict[str, Any]) -> None:
    """A template renders to the text that Handlebars, from npm, made of it."""
    assert compile_template(vector["template"]).render(vector["context"]) == vector["expected"]


@pytest.mark.parametrize("template", REFUSED, ids=lambda each: each[:30])
def test_what_is_not_known_is_named_with_its_place(template: str) -> None:
    """What is not known, or broken, is refused before anything is rendered, with line, column and what it is."""
    with pytest.raises(TemplateError) as refused:
        compile_template(template)

    assert REFUSED[template] in str(refused.value)


def test_documents_own_template_renders_to_json() -> None:
    """The document's own template, its typographic quotes repaired, renders to valid JSON for one error."""
    context = {
        "timestamp": "2016-03-28T17:55:47.191Z",
        "data": {"body": "5910757faab8ec6f60127999", "errorList": [ERROR]},
    }

    assert json.loads(compile_template(DOCUMENTED["repaired"]).render(context)) == {
        "TimeStamp": "2016-03-28T17:55:47.191Z",
        "OrderId": "5910757faab8ec6f60127999",
        "status": "Order submission error",
        "errorsClean": ["ValidationError: is required - At path orderData.items.0.sku"],
    }


def test_documents_own_template_forgets_a_comma() -> None:
    """For two errors the document's own template is no JSON: it has no comma between them."""
    context = {"data": {"errorList": [ERROR, ERROR]}}

    with pytest.raises(json.JSONDecodeError, match="','"):
        json.loads(compile_template(DOCUMENTED["repaired"]).render(context))


def test_repair_changes_nothing_but_quotes() -> None:
    """The repaired template is the received one with straight quotes, without the page's language label."""
    straight = DOCUMENTED["as_received"].translate(str.maketrans("“”", '""'))

    assert straight == f"Js {DOCUMENTED['repaired']}"
    assert TEMPLATES[Event.ORDER_SUBMISSION_ERROR] == DOCUMENTED["with_commas"]


@given(errors=st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(ERROR, st.text("abc <>&'\"`=é", max_size=9)))))
def test_own_template_is_json_for_any_number_of_errors(errors: list[dict[str, str]]) -> None:
    """The mock's own template renders to valid JSON with as many messages as there are errors."""
    rendered = compile_template(TEMPLATES[Event.ORDER_SUBMISSION_ERROR]).render(
        {"data": {"body": "x", "errorList": errors}}
    )

    assert len(json.loads(rendered)["errorsClean"]) == len(errors)


@given(st.text("{}~#/!-&^ \nabeilsx.[]@'\"\\()=|0>*", max_size=40))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    """Whatever is set up as a template is known, and then renders, or is refused with its place."""
    place = 1
    try:
        rendered = compile_template(text).render({"a": {"b": [1, None]}, "l": ["x"]})
    except TemplateError as error:
        rendered, place = "", error.line

    assert isinstance(rendered, str)
    assert 1 <= place <= text.count("\n") + 1


def test_template_without_end_is_stopped() -> None:
    """A template that multiplies what it is given is stopped before it fills the memory."""
    inside = "{{#each @root.l}}" * 8 + "x" + "{{/each}}" * 8

    with pytest.raises(TemplateError, match="take more than 100000 steps"):
        compile_template(inside).render({"l": list(range(20))})
