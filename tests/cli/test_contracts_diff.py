"""``flowproof contracts diff`` as a user runs it."""

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flowproof.cli import main
from flowproof.compatibility import RULES
from tests import tree
from tests.compatibility.documents import opened, operation, request

OLD, NEW = request({"maximum": 2}), request({"maximum": 1})


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two documents, as the current one."""
    opened(tmp_path / "old", OLD)
    opened(tmp_path / "new", NEW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def diff(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["contracts", "diff", *arguments])


def test_text_says_who_breaks_and_where(documents: Path) -> None:
    """The text names the operation, the part, the change, the rule and both places; the exit code is 1."""
    result = diff("old", "new")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "Breaks clients (1)",
        "  POST /bikes/{id}, request body: maximum 2 → 1",
        "    A limit is tighter in a request. [request.limit.tightened]",
        "    old/openapi.json:1 → new/openapi.json:1",
        "",
        "1 change: 1 breaks clients, 0 break the provider, 0 are compatible.",
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("old", "new", "--fail-on", "none"), 0),
        (("old", "new", "--fail-on", "provider"), 0),
        (("new", "old", "--fail-on", "provider"), 1),
        (("new", "old"), 0),
        (("new", "old", "--fail-on", "any"), 1),
        (("old", "old", "--fail-on", "any"), 0),
    ],
)
@pytest.mark.usefixtures("documents")
def test_exit_code_follows_fail_on(arguments: tuple[str, ...], code: int) -> None:
    """Exit code 1 means that a change breaks whom --fail-on names."""
    assert diff(*arguments).exit_code == code


@pytest.mark.usefixtures("documents")
def test_json_is_for_programs() -> None:
    """JSON holds each change with its rule, places and operations."""
    found = json.loads(diff("old", "new", "--format", "json").output)
    assert found["changes"] == [
        {
            "rule": "request.limit.tightened",
            "breaks": "clients",
            "text": "A limit is tighter in a request.",
            "what": "maximum 2 → 1",
            "where": "request body",
            "operations": ["POST /bikes/{id}"],
            "old": {"file": "old/openapi.json", "pointer": f"{POINTER}/maximum", "line": 1},
            "new": {"file": "new/openapi.json", "pointer": f"{POINTER}/maximum", "line": 1},
        }
    ]


POINTER = "/paths/~1bikes~1{id}/post/requestBody/content/application~1json/schema"


@pytest.mark.usefixtures("documents")
def test_github_annotates_the_new_place() -> None:
    """GitHub gets an error at the place in the new document."""
    assert diff("old", "new", "--format", "github").output == (
        "::error file=new/openapi.json,line=1,title=Breaks clients%3A request.limit.tightened::"
        "A limit is tighter in a request. POST /bikes/{id}, request body: maximum 2 → 1\n"
    )


@pytest.mark.usefixtures("documents")
def test_sarif_has_a_rule_and_a_fingerprint() -> None:
    """SARIF names rule, place and fingerprint of each change."""
    (run,) = json.loads(diff("old", "new", "--format", "sarif").output)["runs"]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "request.limit.tightened"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "new/openapi.json"}
    assert len(result["partialFingerprints"]["change/v1"]) == 64


def test_revisions_of_git_are_compared(documents: Path) -> None:
    """A document is read as it stood in a revision, with the files that it refers to."""
    git = ["git", "-C", str(documents), "-c", "user.name=x", "-c", "user.email=x@x.example"]
    for command in (["init", "-q"], ["add", "old"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *command], check=True)
    opened(documents / "old", NEW)
    result = diff("HEAD:old", "old")
    assert result.exit_code == 1
    assert "HEAD:old/openapi.json:1 → old/openapi.json:1" in result.output
    assert "no revision here" in diff("nowhere:old", "old").output
    assert "holds no openapi.yaml" in diff("HEAD:new", "old").output


def test_providers_are_named_by_slug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that is installed may be compared with a file."""
    monkeypatch.chdir(tmp_path)
    result = diff("oneflow", str(tree.ROOT / "contracts" / "oneflow"))
    assert (result.exit_code, result.output) == (0, "No changes.\n")


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ("{", "is neither JSON nor YAML"),
        ('{"swagger": "2.0"}', "is no OpenAPI 3 document"),
        ('{"openapi": "4.0.0"}', "is OpenAPI 4.0.0"),
        ("[]", "is no OpenAPI 3 document"),
        ("\xff", "is no OpenAPI 3 document"),
    ],
)
def test_bad_document_is_a_usage_error(documents: Path, contents: str, message: str) -> None:
    """What is no OpenAPI 3 document ends with one sentence and exit code 2."""
    (documents / "bad.json").write_text(contents, encoding="utf-8")
    result = diff("bad.json", "new")
    assert result.exit_code == 2
    assert message in result.output
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#/components/schemas/None", "leads nowhere"),
        ("other.json", "cannot be read"),
        ("https://schemas.example/bike.json", "is not fetched"),
    ],
)
def test_reference_that_leads_nowhere_is_a_usage_error(documents: Path, reference: str, message: str) -> None:
    """A reference that cannot be followed is named with its place."""
    opened(documents / "bad", request({"$ref": reference}))
    result = diff("bad", "new")
    assert result.exit_code == 2
    assert message in result.output
    assert "/requestBody/content/application~1json/schema" in result.output or "other.json" in result.output


def test_line_is_that_of_the_key(documents: Path) -> None:
    """In YAML the line of a change is the line of its key."""
    text = "openapi: 3.1.0\npaths:\n  /bikes:\n    get:\n      responses:\n        200: {}\n"
    (documents / "openapi.yaml").write_text(text, encoding="utf-8")
    opened(documents / "empty", {**operation(), "paths": {}})
    assert "openapi.yaml:4" in diff("empty", "openapi.yaml").output


def test_every_rule_is_documented() -> None:
    """The table of docs/contracts-diff.md is that which `python scripts/change_rules.py` writes."""
    text = (tree.ROOT / "docs" / "contracts-diff.md").read_text(encoding="utf-8")
    rows = [f"| `{each.id}` | {each.text} | {each.breaks.replace('none', 'nobody')} |" for each in RULES.values()]
    assert [row for row in rows if row not in text] == []
