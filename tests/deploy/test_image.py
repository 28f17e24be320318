"""The Dockerfile: who the server runs as, what starts it, and what is copied into the image."""

import json
import shlex

import click
import pytest
from dockerfile_parse import DockerfileParser

from flowproof.cli import main
from tests import tree

INSTRUCTIONS: list[tuple[str, str]] = [
    (each["instruction"], each["value"])
    for each in DockerfileParser(str(tree.ROOT / "Dockerfile")).structure
    if each["instruction"] != "COMMENT"
]
FINAL = INSTRUCTIONS[max(index for index, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM") :]


def value(instruction: str) -> str:
    """The value of an instruction that the last stage has once."""
    (found,) = [text for name, text in FINAL if name == instruction]
    return found


def test_image_runs_as_a_user_without_rights() -> None:
    """The user is a number other than zero, so that Kubernetes can see that it is not root."""
    user, _, group = value("USER").partition(":")

    assert int(user) > 0
    assert int(group) > 0


def test_last_stage_copies_from_the_build_and_runs_nothing() -> None:
    """The last stage has no compiler, no source and no step: it is the base image with one folder."""
    assert [name for name, _ in FINAL if name == "RUN"] == []
    assert [text for name, text in FINAL if name == "COPY"] == ["--from=build /opt/flowproof /opt/flowproof"]


@pytest.mark.parametrize("instruction", ["ENTRYPOINT", "CMD", "HEALTHCHECK"])
def test_no_instruction_of_the_image_needs_a_shell(instruction: str) -> None:
    """What starts and examines the server is a list of arguments: signals reach it, and no shell has to be there."""
    text = value(instruction)
    arguments = json.loads(text.partition("CMD ")[2] if instruction == "HEALTHCHECK" else text)

    assert all(isinstance(each, str) for each in arguments)


@pytest.mark.parametrize("instruction", ["CMD", "HEALTHCHECK"])
def test_commands_of_the_image_are_commands_of_flowproof(instruction: str) -> None:
    """The image's command and its health check are command lines that flowproof understands."""
    text = value(instruction)
    arguments = json.loads(text.partition("CMD ")[2] if instruction == "HEALTHCHECK" else text)
    name, *options = arguments[1:] if arguments[0] == "flowproof" else arguments
    command = main.commands[name]

    command.make_context(name, list(options), parent=click.Context(main, auto_envvar_prefix="NOBODY"))


def test_settings_of_the_image_are_settings_of_flowproof() -> None:
    """Each FLOWPROOF_ variable of the image is one that an option of serve reads."""
    named = {word.partition("=")[0] for word in shlex.split(value("ENV"))}
    read = {f"FLOWPROOF_SERVE_{each.name.upper()}" for each in main.commands["serve"].params if each.name}

    assert {each for each in named if each.startswith("FLOWPROOF_")} - read == set()


def test_build_gets_what_the_wheel_is_made_of() -> None:
    """What .dockerignore lets through has each file of the package, and neither tests nor history."""
    lines = (tree.ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    places = {tree.name(each).split("/")[0] for each in tree.files("src", *tree.PLACES)}
    project = tree.settings()["project"]

    assert kept == places | {"pyproject.toml", project["readme"], *project["license-files"]}
    assert "*" in lines
