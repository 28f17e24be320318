"""What the documents say can be done, can be done: every command and every code block of them runs."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests import tree
from tests.doc_runner import TIMEOUT_S, DocRunner, NotAsDocumentedError, targets
from tests.fork_server import ForkServer
from tests.markdown import Block, blocks, commands

DOCUMENTS = [
    path
    for path in tree.files("*.md")
    if re.fullmatch(r"(README|ARCHITECTURE|CONTRIBUTING)\.md|mocks/[^/]+/README\.md|docs/.+\.md", tree.name(path))
]

RUN = frozenset({"sh", "python"})

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=tree.name)


@each_document
def test_every_block_of_a_document_runs(document: Path, tmp_path: Path, fork_server: ForkServer) -> None:
    """Every command and code block runs, in the order in which a reader meets them, and every piece of data parses."""
    found = list(blocks(document.read_text(encoding="utf-8")))
    need_programs(*(program for program in ("curl", "node") if any(_uses(block, program) for block in found)))

    is_empty = not any(block.language in RUN for block in found)
    with DocRunner.open(tmp_path, fork_server=fork_server, is_empty=is_empty) as runner:
        for block in found:
            try:
                runner.run(block)
            except NotAsDocumentedError as error:
                pytest.fail(f"{tree.name(document)}:{block.line}: {error}", pytrace=False)


@each_document
def test_every_target_in_a_text_exists(document: Path) -> None:
    """Every `make target` in the running text of a document is a target of the Makefile."""
    mentioned = set(re.findall(r"`make ([\w-]+)[^`]*`", document.read_text(encoding="utf-8")))

    assert mentioned - set(targets()) == set()


@each_document
def test_every_link_in_a_document_leads_somewhere(document: Path) -> None:
    """Every relative link of a document leads to a file of the project."""
    links = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", document.read_text(encoding="utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_readme_says_the_two_commands() -> None:
    """The README shows `make serve` and `make test`, all the set-up there is."""
    shown = [
        command
        for block in blocks((tree.ROOT / "README.md").read_text(encoding="utf-8"))
        if block.language == "sh"
        for command in commands(block.text)
    ]

    assert {"make serve", "make test"} <= {command.partition("#")[0].strip() for command in shown}


def need_programs(*programs: str) -> None:
    """Skip where a program is missing that only some documents need; in CI that is a failure."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"the documents need {', '.join(missing)}, and CI has to have it")
    if missing:
        pytest.skip(f"the document runs {', '.join(missing)}, which this machine does not have")


def _uses(block: Block, program: str) -> bool:
    called = rf"(^|[|;&(])\s*{program}\b"
    return block.language == "sh" and re.search(called, block.text, re.MULTILINE) is not None


SERVER = """#!{python}
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"served with " + " ".join(sys.argv[1:]).encode())
    def log_message(self, *args):
        pass

server = HTTPServer(("127.0.0.1", 0), Answer)
ready = sys.argv[sys.argv.index("--ready-file") + 1]
with open(ready, "w") as file:
    json.dump({{"url": f"http://127.0.0.1:{{server.server_port}}", "pid": os.getpid()}}, file)
server.serve_forever()
"""

GOOD = """
A sample. `make lint` is mentioned.

```sh
make serve          # a comment
GREETING=hello
mkdir new && cd new
echo "$GREETING" \\
  > said
```

```sh
cat <<'END' > more
$untouched
END
grep -q hello said
grep -q '$untouched' more
false               # exit 1
pip install 'flowproof[dev]'
make lint
```

   ```python
   from urllib.request import urlopen
   assert urlopen("http://localhost:4010/").read().startswith(b"served with serve")
   ```

```python
def test_arithmetic():
    assert 1 + 1 == 2
```

```json
{"a": 1}
```

```toml
a = 1
```

```text
anything
```
"""

BAD = {
    "a block without a language": ("```\nls\n```", "a block is one of"),
    "an unknown language": ("```ruby\nputs 1\n```", "this one is ruby"),
    "broken JSON": ('```json\n{"a": }\n```', "does not parse"),
    "broken TOML": ("```toml\na =\n```", "does not parse"),
    "an unknown target": ("```sh\nmake coffee\n```", "no target coffee"),
    "an unknown program": ("```sh\nbrew-coffee --strong\n```", "no brew-coffee on the PATH"),
    "a refused program": ("```sh\nsudo true\n```", "no way to run sudo"),
    "a failing command": ("```sh\ntrue\nls nowhere-at-all\n```", "instead of 0"),
    "another exit code": ("```sh\ntrue  # exit 2\n```", "exit code 0 instead of 2"),
    "an unfinished command": ("```sh\necho 'so\n```", "no complete command"),
    "a long command": ("```sh\nsleep 30\n```", "did not end within"),
    "a call without a server": ("```sh\nls 127.0.0.1:4010\n```", "has started a server"),
    "another package": ("```sh\npip install flowproof-pro\n```", "is not this package"),
    "a missing extra": ("```sh\npip install 'flowproof[gold]'\n```", "an extra that it does not have"),
    "a failing block": ("```python\nassert 1 == 2\n```", "AssertionError"),
    "a block with a warning": ("```python\nimport warnings\nwarnings.warn('old')\n```", "UserWarning"),
    "a failing test": ("```python\ndef test_it():\n    assert 1 == 2\n```", "1 failed"),
    "a server that ends": ("```sh\nflowproof serve --no-such-option\n```", "the server ended with code"),
}


def perform(text: str, tmp_path: Path, fork_server: ForkServer) -> None:
    """Run a text with a stand-in for our server, and a short time-out for one that sleeps."""
    programs, scratch = tmp_path / "programs", tmp_path / "scratch"
    programs.mkdir()
    scratch.mkdir()
    flowproof = programs / "flowproof"
    source = SERVER.format(python=sys.executable)
    flowproof.write_text(source if "--no-such-option" not in text else "#!/bin/sh\nexit 2\n")
    flowproof.chmod(0o755)
    timeout_s = 1 if "sleep" in text else TIMEOUT_S
    with DocRunner.open(scratch, (programs,), timeout_s, fork_server=fork_server, is_empty=True) as runner:
        for block in blocks(text):
            runner.run(block)


def test_good_document_is_let_through(tmp_path: Path, fork_server: ForkServer) -> None:
    """A document that does what it says passes, and what its commands leave behind is there for the next one."""
    perform(GOOD, tmp_path, fork_server)

    assert (tmp_path / "scratch/checkout/new/said").read_text() == "hello\n"


def test_served_options_are_the_documented_ones(tmp_path: Path, fork_server: ForkServer) -> None:
    """The server is started with the options of its line, except for the port."""
    check = "import urllib.request as u\nseen = u.urlopen('http://127.0.0.1:4010').read().decode()\n"
    check += "assert 'oneflow --workers 2 --port 0' in seen, seen\n"

    perform(
        f"```sh\nflowproof serve oneflow --port 4010 --workers 2 &\n```\n```python\n{check}```", tmp_path, fork_server
    )


@pytest.mark.parametrize(("text", "reason"), BAD.values(), ids=BAD)
def test_bad_document_is_noticed(text: str, reason: str, tmp_path: Path, fork_server: ForkServer) -> None:
    """Whatever a document gets wrong is noticed, with a reason that helps."""
    with pytest.raises(NotAsDocumentedError, match=re.escape(reason)):
        perform(text, tmp_path, fork_server)


def test_commands_are_read_as_the_shell_does() -> None:
    """A command reaches over as many lines as the shell needs to complete it; comments are none."""
    script = "# first\necho a \\\n  b\nfor x in 1 2; do\n  echo $x\ndone\n\ncat <<E\none\nE\n"

    assert list(commands(script)) == ["echo a \\\n  b", "for x in 1 2; do\n  echo $x\ndone", "cat <<E\none\nE"]
