"""
Runs the commands and code blocks of one document as a reader would, in a copy of the checkout.

What cannot run as it stands is replaced by what is as good for a test:

    make serve, flowproof serve    a server in the background on a free port, which replaces the documented address
    make test ARGS=…               collects the tests with those options; make test alone would run these tests
    make <another target>          is checked to exist; make alone runs
    pip install                    is checked to name this package and its extras; in the folder of another distribution
                                   it installs that, into a virtual environment of its own that sees this one

A command with the comment ``# exit 1`` has to end with that code.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import yaml

from tests import tree
from tests.fork_server import ForkServer
from tests.markdown import Block, commands
from tests.sessions import QUICK

TIMEOUT_S = 300.0
START_S = 20.0
DOCUMENTED_ADDRESS = re.compile(r"\b(127\.0\.0\.1|localhost):4010\b")
# Commands that change more than a scratch directory.
REFUSED = frozenset(
    ["apt", "apt-get", "brew", "docker", "git", "npm", "npx", "podman", "ssh", "su", "sudo", "systemctl"]
)
BUILT_IN = frozenset(
    ["export", "cd", "echo", "eval", "printf", "set", "source", ".", "test", "[", "for", "if", "while", "unset", "wait"]
)


class NotAsDocumentedError(AssertionError):
    """A block does not do what its document says."""


@dataclass
class DocRunner:
    """
    Runs blocks in a directory and an environment of its own, with a server once a block needs one.

    Args:
        folder: Scratch directory, empty.
        programs: Directories searched before the virtual environment's.
        timeout_s: How long a command may take, in seconds.
        fork_server: Starts the tests of blocks; without it they are started anew.
    """

    folder: Path
    programs: tuple[Path, ...] = ()
    timeout_s: float = TIMEOUT_S
    fork_server: ForkServer | None = None
    address: str | None = None
    _server: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    @contextmanager
    def open(
        cls,
        folder: Path,
        programs: tuple[Path, ...] = (),
        timeout_s: float = TIMEOUT_S,
        *,
        fork_server: ForkServer | None = None,
        is_empty: bool = False,
    ) -> "Iterator[DocRunner]":
        """A runner in a fresh copy of the checkout, or in an empty folder in its place; its server ends with it."""
        runner = cls(folder, programs, timeout_s, fork_server)
        runner.home.mkdir()
        runner.checkout.mkdir()
        runner.state.write_text(f"cd {shlex.quote(str(runner.checkout))}\n")
        if not is_empty:
            _copy_checkout(runner.checkout)
        try:
            yield runner
        finally:
            runner.stop()

    @property
    def checkout(self) -> Path:
        """The copy in which commands start."""
        return self.folder / "checkout"

    @property
    def home(self) -> Path:
        """The home directory."""
        return self.folder / "home"

    @property
    def state(self) -> Path:
        """Script that brings a shell to where the last command left it."""
        return self.folder / "state.sh"

    def run(self, block: Block) -> None:
        """Run a block, or parse it where it is data."""
        run = LANGUAGES.get(block.language)
        if run is None:
            known = ", ".join(sorted(LANGUAGES))
            raise NotAsDocumentedError(f"a block is one of {known}; this one is {block.language or 'nothing'}")
        run(self, block.text)

    def shell(self, script: str) -> None:
        """Run the commands of a script in turn, each in the directory and environment that the last one left."""
        for command in commands(script):
            try:
                self.command(command)
            except NotAsDocumentedError as error:
                raise NotAsDocumentedError(f"$ {command}\n{error}") from error

    def command(self, command: str) -> None:
        """Run one command, or its replacement."""
        words = _words(command)
        match words:
            case ["make", *_]:
                self._make(words[1:])
            case ["flowproof", "serve", *options]:
                self.serve([word for word in options if word != "&"])
            case ["pip", "install", *what] | ["python" | "python3", "-m", "pip", "install", *what]:
                here = self._here()
                if here == self.checkout or not (here / "pyproject.toml").is_file():
                    _check_installation(what)
                else:
                    self._install(here)
            case _:
                self._check_runnable(words)
                self._bash(command)

    def _here(self) -> Path:
        """Where the last command left the shell."""
        shown = subprocess.run(
            ["bash", "-c", f". {shlex.quote(str(self.state))} && pwd"], capture_output=True, text=True, check=True
        )
        return Path(shown.stdout.strip())

    def _install(self, distribution: Path) -> None:
        """Install another distribution, editable, and have its commands found first."""
        programs = self.folder / "venv" / "bin"
        self._finish([sys.executable, "-m", "venv", "--without-pip", str(programs.parent)], distribution)
        (site,) = programs.parent.glob("lib/python*/site-packages")
        mine = sysconfig.get_path("purelib")
        (site / "this_checkout.pth").write_text(f"import site; site.addsitedir({mine!r})\n", encoding="utf-8")
        options = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--editable", str(distribution))
        self._finish(
            [sys.executable, "-m", "pip", f"--python={programs / 'python'}", "install", *options], distribution
        )
        for name in ("flowproof", "pytest"):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{programs / "python"}" -m {name} "$@"\n', encoding="utf-8")
            program.chmod(0o755)
        self.programs = (programs, *self.programs)
        self._put_first(programs)

    def _put_first(self, programs: Path) -> None:
        """Have a folder's programs found first by the commands that follow."""
        with self.state.open("a", encoding="utf-8") as state:
            state.write(f'export PATH={shlex.quote(str(programs))}:"$PATH"\n')

    def python(self, source: str) -> None:
        """Run a Python block, under pytest where it has tests; a server is started where its address occurs."""
        if self.address is None and DOCUMENTED_ADDRESS.search(source):
            self.serve([])
        is_test = re.search(r"^\s*(async )?def test_", source, re.MULTILINE) is not None
        folder = self.folder / f"block-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        script = folder / ("test_block.py" if is_test else "block.py")
        script.write_text(self._located(source), encoding="utf-8")
        options = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if is_test else ["-W", "error"]
        self._finish([sys.executable, *options, script.name], folder, fork_server=self.fork_server if is_test else None)

    def serve(self, options: list[str]) -> None:
        """Start a server in the background with the documented options, on a free port."""
        self.stop()
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        log = self.folder / "server.log"
        chosen = [*_without_port(options), "--port", "0", "--ready-file", str(ready)]
        program = shutil.which("flowproof", path=self._environment()["PATH"])
        if program is None:
            raise NotAsDocumentedError("there is no flowproof on the PATH")
        with log.open("wb") as output:
            self._server = subprocess.Popen(
                [program, "serve", *chosen],
                cwd=self._here(),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.address = _await_ready(self._server, ready, log)

    def stop(self) -> None:
        """End the server, if one runs."""
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        self._server, self.address = None, None

    def _make(self, words: list[str]) -> None:
        goals = [word for word in words if "=" not in word and word != "&"]
        options = shlex.split(dict(word.split("=", 1) for word in words if "=" in word).get("ARGS", ""))
        if missing := ", ".join(goal for goal in goals if goal not in targets()):
            raise NotAsDocumentedError(f"the Makefile has no target {missing}; it has {', '.join(targets())}")
        if not goals:
            self._finish(["make", "--no-print-directory"], self.checkout)
        if "serve" in goals:
            self.serve(options)
        if "test" in goals and options:
            self._collect(options)

    def _collect(self, options: list[str]) -> None:
        """Check that the options choose a test: first among the few at the top of tests, then among all."""
        collect = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options]
        try:
            self._finish([*collect, *map(str, sorted(tree.ROOT.glob("tests/test_*.py")))], tree.ROOT)
        except NotAsDocumentedError:
            self._finish(collect, tree.ROOT)

    def _check_runnable(self, words: list[str]) -> None:
        program = next((word for word in words if not re.match(r"\w+=", word)), "export")
        if program in REFUSED:
            raise NotAsDocumentedError(f"the test of the documents has no way to run {program}")
        if program not in BUILT_IN and shutil.which(program, path=self._environment()["PATH"]) is None:
            raise NotAsDocumentedError(f"there is no {program} on the PATH to run this with")

    def _bash(self, command: str) -> None:
        expected = re.search(r"# *exit (\d+)\s*$", command)
        if self.address is None and DOCUMENTED_ADDRESS.search(command):
            raise NotAsDocumentedError("no command of this document has started a server before")
        state = shlex.quote(str(self.state))
        begin = f". {state}\nset -a -o pipefail"
        end = f'code=$?\n{{ export -p; printf "cd %q\\n" "$PWD"; }} >{state}\nexit $code'
        script = f"{begin}\n{self._located(command)}\n{end}\n"
        self._finish(["bash", "-c", script], self.checkout, code=int(expected[1]) if expected else 0)

    def _finish(self, command: list[str], folder: Path, code: int = 0, fork_server: ForkServer | None = None) -> None:
        try:
            done = (
                fork_server.run(command, cwd=folder, env=self._environment())
                if fork_server
                else self._done(command, folder)
            )
        except subprocess.TimeoutExpired as error:
            raise NotAsDocumentedError(
                f"this did not end within {self.timeout_s:g} s; only make serve and flowproof serve may run for long"
            ) from error
        if done.returncode != code:
            raise NotAsDocumentedError(f"exit code {done.returncode} instead of {code}\n{done.stdout}")

    def _done(self, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.timeout_s,
            check=False,
        )

    def _located(self, text: str) -> str:
        return DOCUMENTED_ADDRESS.sub(self.address, text) if self.address else text

    def _environment(self) -> dict[str, str]:
        ours = ("FLOWPROOF_", "GIT_", "MAKE", "MFLAGS", "PYTEST_", "HYPOTHESIS_", "COV")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        search = [*map(str, self.programs), str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)]
        tables = str(tree.ROOT / ".hypothesis")  # building them anew takes Hypothesis seconds
        own = {"HOME": str(self.home), "HYPOTHESIS_STORAGE_DIRECTORY": tables}
        return {**inherited, **QUICK, **own, "PATH": os.pathsep.join(search)}


LANGUAGES: Mapping[str, Callable[[DocRunner, str], object]] = MappingProxyType(
    {
        "sh": DocRunner.shell,
        "python": DocRunner.python,
        "json": lambda _, text: _parse(json.loads, text),
        "toml": lambda _, text: _parse(tomllib.loads, text),
        "yaml": lambda _, text: _parse(yaml.safe_load, text),
        "text": lambda _, text: None,
    }
)


def targets() -> list[str]:
    """The targets that the Makefile lists."""
    return re.findall(r"^([\w-]+):.*## ", (tree.ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def _parse(parser: Callable[[str], object], text: str) -> None:
    try:
        parser(text)
    except (ValueError, yaml.YAMLError) as error:
        raise NotAsDocumentedError(f"this does not parse: {error}") from error


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command, comments=True)
    except ValueError as error:
        raise NotAsDocumentedError(f"this is no complete command: {error}") from error


def _without_port(options: list[str]) -> list[str]:
    joined = re.sub(r"--port[= ]\d+", "", shlex.join(options))
    return shlex.split(joined)


def _await_ready(server: subprocess.Popen[bytes], ready: Path, log: Path) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise NotAsDocumentedError(f"the server ended with code {server.returncode}\n{log.read_text()}")
        try:
            return str(json.loads(ready.read_text())["url"]).rpartition("//")[2].rstrip("/")
        except (FileNotFoundError, ValueError):
            time.sleep(0.02)
    raise NotAsDocumentedError(f"the server was not ready within {START_S:g} s\n{log.read_text()}")


def _check_installation(what: list[str]) -> None:
    project = tree.settings()["project"]
    for wanted in (word for word in what if not word.startswith("-")):
        spelled = re.fullmatch(r"(?P<name>flowproof|\.)(\[(?P<extras>[\w,-]+)\])?([=<>~!].*)?", wanted)
        extras = set((spelled["extras"] or "").split(",")) - {""} if spelled else set()
        if spelled is None or not extras <= set(project["optional-dependencies"]):
            raise NotAsDocumentedError(f"{wanted} is not this package, or an extra that it does not have")


def _copy_checkout(to: Path) -> None:
    for path in tree.files():
        copy = to / path.relative_to(tree.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy, follow_symlinks=False)
