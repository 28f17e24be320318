"""Templates for GitLab, Jenkins and pre-commit: valid by their schemas, and their steps run."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import tree
from tests.markdown import blocks
from tests.pipelines.runner import Machine, expanded, jenkins_parameters, jenkins_steps

REPORTS = {"junit.xml", "code-quality.json", "report.html"}
ONE_REQUIREMENT = {"FLOWPROOF_CERTIFY_REQUIREMENTS": "dots_eco.balance.kept"}
PAGE = [
    yaml.safe_load(each.text)
    for each in blocks((tree.ROOT / "docs" / "ci.md").read_text(encoding="utf-8"))
    if each.language == "yaml"
]


def check(schema: str, *files: Path) -> None:
    """Hold files against a schema that check-jsonschema brings along."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout.strip()) == (0, "ok -- validation done")


def written(folder: Path, key: str) -> list[Path]:
    """The files of the page about pipelines that have a key at their top."""
    found = [each for each in PAGE if key in each]
    files = [folder / f"{index}.yml" for index in range(len(found))]
    for file, each in zip(files, found, strict=True):
        file.write_text(yaml.safe_dump({str(name).replace("True", "on"): value for name, value in each.items()}))
    return files


@pytest.mark.parametrize(
    ("schema", "name"), [("github-actions", "action.yml"), ("gitlab-ci", "pipelines/flowproof.gitlab-ci.yml")]
)
def test_pipeline_file_is_valid_by_its_schema(schema: str, name: str) -> None:
    """The action and the template are valid by the schemas of their services."""
    check(schema, tree.ROOT / name)


@pytest.mark.parametrize(("schema", "key"), [("github-workflows", "jobs"), ("gitlab-ci", "include")])
def test_examples_of_the_page_are_valid_by_their_schema(tmp_path: Path, schema: str, key: str) -> None:
    """What the page about pipelines offers to copy is valid by the schemas of the services."""
    files = written(tmp_path, key)

    assert files
    check(schema, *files)


def test_workflows_of_the_page_use_inputs_that_exist() -> None:
    """A step of the page that uses the action gives it inputs that it has."""
    steps = [step for each in PAGE for job in each.get("jobs", {}).values() for step in job["steps"]]
    used = {name for step in steps if "flowproof@" in step.get("uses", "") for name in step["with"]}

    assert used
    assert used - set(tree.yaml_file("action.yml")["inputs"]) == set()


def test_gitlab_job_writes_the_reports_that_it_publishes(tmp_path: Path) -> None:
    """The script of the GitLab job certifies a provider, and writes each file that the job names as an artefact."""
    job = tree.yaml_file("pipelines/flowproof.gitlab-ci.yml")[".flowproof-certify"]
    machine = Machine.make(tmp_path)
    variables = {
        **job["variables"],
        **ONE_REQUIREMENT,
        "CERTIFY_PROVIDER": "dots_eco",
        "CI_PROJECT_DIR": str(machine.work),
    }

    done = machine.shell(expanded(job["script"], variables), {})

    assert done.returncode == 0, done.stdout
    assert all((machine.work / each).is_file() for each in job["artifacts"]["reports"].values())
    assert machine.installed.read_text() == "install --quiet flowproof[all] pytest-xdist\n"


def test_jenkins_steps_write_the_reports_that_they_publish(tmp_path: Path) -> None:
    """The shell steps of the Jenkinsfile certify a provider, and write what it publishes."""
    text = (tree.ROOT / "pipelines" / "Jenkinsfile").read_text(encoding="utf-8")
    machine = Machine.make(tmp_path)

    for script in jenkins_steps(text):
        done = machine.shell(script, {**jenkins_parameters(text), **ONE_REQUIREMENT}, "sh")
        assert done.returncode == 0, done.stdout

    assert {each.name for each in (machine.work / "flowproof-report").iterdir()} >= REPORTS
    assert text.count("{") == text.count("}")


def test_hooks_are_valid_by_the_rules_of_pre_commit() -> None:
    """pre-commit accepts the file of hooks."""
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"]
    done = subprocess.run(command, cwd=tree.ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_configuration_of_the_page_names_hooks_that_exist(tmp_path: Path) -> None:
    """pre-commit accepts the page's configuration, and each of its hooks exists."""
    (file,) = written(tmp_path, "repos")
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    used = {hook["id"] for each in PAGE for repo in each.get("repos", []) for hook in repo["hooks"]}

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert used == {each["id"] for each in tree.yaml_file(".pre-commit-hooks.yaml")}


def test_hooks_find_a_breaking_change_of_a_commit(tmp_path: Path) -> None:
    """In a repository the hook compares what is committed with what is about to be."""
    (hook,) = [each for each in tree.yaml_file(".pre-commit-hooks.yaml") if "breaking" in each["id"]]
    (used,) = [
        each for one in PAGE for repo in one.get("repos", []) for each in repo["hooks"] if each["id"] == hook["id"]
    ]
    operation: Any = {"get": {"responses": {"200": {"description": "Pets."}}}}
    document: Any = {
        "openapi": "3.1.0",
        "info": {"title": "A", "version": "1"},
        "paths": {"/a": operation, "/b": operation},
    }
    file = tmp_path / used["args"][-1]
    commit = ["git", "-c", "user.name=A", "-c", "user.email=a@example.test", "commit", "--quiet", "--message", "first"]
    file.write_text(yaml.safe_dump(document))
    for command in (["git", "init", "--quiet"], ["git", "add", "."], commit):
        subprocess.run(command, cwd=tmp_path, check=True)
    entry = [sys.executable, "-m", *shlex.split(hook["entry"]), *used["args"]]

    before = subprocess.run(entry, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    del document["paths"]["/b"]
    file.write_text(yaml.safe_dump(document))
    after = subprocess.run(entry, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert (before.returncode, after.returncode) == (0, 1)
    assert "/b" in after.stdout
