"""
Runs the shell steps of pipelines as their services would, without the network.

In place of Python there is a program that makes virtual environments which lead to this checkout's, and records what
pip is asked to install. Everything else is real.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import tree
from tests.sessions import QUICK

TIMEOUT_S = 120.0
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
PYTHON = """#!/bin/sh
case "$1 $2" in
    "-m venv")
        mkdir -p "$3/bin"
        ln -s "$0" "$3/bin/python"
        ln -s {flowproof} "$3/bin/flowproof" ;;
    "-m pip")
        shift 2
        echo "$@" >> {installed} ;;
    *)
        exec {python} "$@" ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """
    A machine of a pipeline.

    Args:
        folder: Scratch; below it are the programs, the working directory and the files of the service.
    """

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Machine":
        """A machine with Python."""
        machine = cls(folder)
        machine.programs.mkdir()
        machine.work.mkdir()
        text = PYTHON.format(
            flowproof=shlex.quote(str(Path(sys.executable).with_name("flowproof"))),
            installed=shlex.quote(str(machine.installed)),
            python=shlex.quote(sys.executable),
        )
        for name in ("python", "python3"):
            (machine.programs / name).write_text(text, encoding="utf-8")
            (machine.programs / name).chmod(0o755)
        return machine

    @property
    def programs(self) -> Path:
        """Folder of the programs, first on the PATH."""
        return self.folder / "programs"

    @property
    def work(self) -> Path:
        """The working directory."""
        return self.folder / "work"

    @property
    def installed(self) -> Path:
        """File with the arguments of each call of pip."""
        return self.folder / "installed.txt"

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The variables of a step: those of this process without settings of ours, and more."""
        ours = ("FLOWPROOF_", "PYTEST_", "GITHUB_", "HYPOTHESIS_", "CI")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        own = {
            "PATH": os.pathsep.join([str(self.programs), inherited["PATH"]]),
            "HOME": str(self.folder),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(tree.ROOT / ".hypothesis"),  # building its tables takes seconds
        }
        return {**inherited, **QUICK, **own, **variables}

    def shell(self, script: str, variables: Mapping[str, str], shell: str = "bash") -> subprocess.CompletedProcess[str]:
        """Run a script as GitHub runs it: each command has to succeed, in pipes too."""
        options = {"bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"], "sh": ["sh", "-xe"]}[shell]
        output = self.folder / "output.txt"  # (a server in the background would keep a pipe open)
        with output.open("w") as file:
            done = subprocess.run(
                [*options, "-c", script],
                cwd=self.work,
                env=self.environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_S,
                check=False,
            )
        return subprocess.CompletedProcess(done.args, done.returncode, output.read_text())


@dataclass
class Action:
    """
    The steps of action.yml with some inputs.

    Args:
        machine: Where they run.
        inputs: Those that differ from their defaults.
    """

    machine: Machine
    inputs: Mapping[str, str]

    def run(self) -> tuple[int, dict[str, str], str]:
        """Run the shell steps whose condition holds: exit code of the last, variables for later steps, output."""
        definition = tree.yaml_file("action.yml")
        values = {**{name: str(each["default"]) for name, each in definition["inputs"].items()}, **self.inputs}
        files = {name: self.machine.folder / name.lower() for name in ("GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_ENV")}
        for each in files.values():
            each.touch()
        output = ""
        for step in definition["runs"]["steps"]:
            if "run" not in step or not self._holds(step.get("if", ""), values):
                continue
            variables = {name: self._rendered(text, values) for name, text in step.get("env", {}).items()}
            variables |= {name: str(file) for name, file in files.items()}
            variables |= {"RUNNER_TEMP": str(self.machine.folder)}
            variables |= pairs(files["GITHUB_ENV"])
            first = [*files["GITHUB_PATH"].read_text().split(), str(self.machine.programs), os.environ["PATH"]]
            done = self.machine.shell(step["run"], {**variables, "PATH": os.pathsep.join(first)}, step["shell"])
            output += done.stdout
            if done.returncode:
                return done.returncode, pairs(files["GITHUB_ENV"]), output
        return 0, pairs(files["GITHUB_ENV"]) | pairs(files["GITHUB_OUTPUT"]), output

    def _rendered(self, text: str, values: Mapping[str, str]) -> str:
        return EXPRESSION.sub(lambda match: self._value(match[1], values), text)

    def _value(self, expression: str, values: Mapping[str, str]) -> str:
        known = {f"inputs.{name}": value for name, value in values.items()} | {
            "github.action_path": str(tree.ROOT),
            "steps.python.outputs.python-path": str(self.machine.programs / "python"),
        }
        return next((known[each] for each in expression.split(" || ") if known[each]), "")

    @staticmethod
    def _holds(condition: str, values: Mapping[str, str]) -> bool:
        name = re.fullmatch(r"inputs\.([\w-]+) != ''", condition)
        return not condition or (name is not None and values[name[1]] != "")


def pairs(file: Path) -> dict[str, str]:
    """The lines NAME=VALUE of a file."""
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def jenkins_steps(text: str) -> list[str]:
    """The shell steps of a Jenkinsfile."""
    return re.findall(r"^\s*sh '(.*)'$", text, re.MULTILINE)


def jenkins_parameters(text: str) -> dict[str, str]:
    """The parameters of a Jenkinsfile with their defaults."""
    return dict(re.findall(r"string\(name: '(\w+)', defaultValue: '(.*?)'", text))


def expanded(script: Any, variables: Mapping[str, str]) -> str:
    """The lines of a GitLab script as one, after GitLab's variables are set."""
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
    return "\n".join([exports, *script])
