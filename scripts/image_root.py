"""
Runs the steps of the Dockerfile in a Debian root, and then the image as a container would: a check without Docker.

    make image-check

With a FOLDER as argument it leaves the roots there. Needs root, mmdebstrap, util-linux and the network. The root stands
in for the base image python:*-slim; it has Debian's own Python of the same version. The container has a process tree of
its own, a read-only root with /tmp in memory, and the image's user; it shares the network of this machine and has no
limits of memory or capabilities.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser

CHECKOUT = Path(__file__).resolve().parents[1]
SUITE = "bookworm"
PACKAGES = "python3,python3-venv,ca-certificates"
PORT = "4599"
TIMEOUT_S = 30
NOT_NEEDED_HERE = frozenset({"ARG", "EXPOSE", "LABEL", "STOPSIGNAL", "COMMENT"})
# The network and the trusted certificates of this machine, and where its pip finds packages.
BORROWED = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf", "/etc/xdg/pip")


@dataclass
class Stage:
    """One stage of the Dockerfile: its root, and what its instructions have set."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    healthcheck: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def below(self, path: str) -> Path:
        """A path of the image on this machine."""
        return self.root / str(Path(self.workdir, path)).lstrip("/")

    def program(self, command: list[str]) -> list[str]:
        """The command line that runs a program as the image's user in the image's environment."""
        settings = [f"{name}={value}" for name, value in self.env.items()]
        arguments = ["--chdir", self.workdir, "-i", *settings, *command]
        return ["chroot", f"--userspec={self.user}", str(self.root), "/usr/bin/env", *arguments]


def main(folder: Path) -> None:
    """Build each stage below the folder, then run the last one."""
    base = folder / "base"
    if not base.exists():
        step("mmdebstrap", SUITE, PACKAGES)
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", SUITE, base], check=True)
        (base / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    run_image(build(folder, base))


def build(folder: Path, base: Path) -> Stage:
    """Follow the instructions of the Dockerfile; the last stage."""
    stages: dict[str, Stage] = {}
    stage = Stage(base)
    for each in DockerfileParser(str(CHECKOUT / "Dockerfile"), fileobj=None).structure:
        instruction, value = each["instruction"], each["value"]
        if instruction in NOT_NEEDED_HERE:
            continue
        step(instruction, value)
        match instruction:
            case "FROM":
                name = value.partition(" AS ")[2] or "final"
                shutil.rmtree(folder / name, ignore_errors=True)
                subprocess.run(["cp", "--archive", base, folder / name], check=True)
                stage = stages[name] = Stage(folder / name, {"PATH": "/usr/local/bin:/usr/bin:/bin"})
            case "ENV":
                stage.env |= dict(word.split("=", 1) for word in shlex.split(value))
            case "WORKDIR":
                stage.workdir = value
                stage.below(".").mkdir(parents=True, exist_ok=True)
            case "COPY":
                copy(value, stage, stages)
            case "RUN":
                run_step(stage, value)
            case "USER":
                stage.user = value
            case "HEALTHCHECK":
                stage.healthcheck = json.loads(value.partition("CMD ")[2])
            case "ENTRYPOINT":
                stage.entrypoint = json.loads(value)
            case "CMD":
                stage.command = json.loads(value)
            case _:
                sys.exit(f"This check does not know the instruction {instruction}.")
    return stage


def copy(value: str, stage: Stage, stages: dict[str, Stage]) -> None:
    """COPY of the checkout, as git sees it and .dockerignore limits it, or of another stage."""
    *options, source, target = shlex.split(value)
    if options:
        _, _, name = options[0].partition("--from=")
        subprocess.run(["cp", "--archive", "-T", stages[name].below(source), stage.below(target)], check=True)
        return
    kept = [line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    ignored = ("--exclude=__pycache__", "--exclude=*.egg-info")
    archive = subprocess.run(["tar", "--create", *ignored, *kept], cwd=CHECKOUT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "--extract", "--no-same-owner"], cwd=stage.below(target), input=archive, check=True)


def run_step(stage: Stage, command: str) -> None:
    """RUN, with the network and the pip settings of this machine lent to the root while it runs."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    lent = Stage(stage.root, {**settings, **stage.env}, stage.workdir, stage.user)
    places = [
        place
        for place in (*BORROWED, *filter(None, settings.get("PIP_FIND_LINKS", "").split()))
        if Path(place).exists()
    ]
    mounts = []
    for place in places:
        inside = stage.root / place.lstrip("/")
        if Path(place).is_dir():
            inside.mkdir(parents=True, exist_ok=True)
        else:
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.touch()
        mounts.append(f"mount --bind {shlex.quote(place)} {shlex.quote(str(inside))}")
    script = " && ".join([*mounts, f"exec {shlex.join(lent.program(['/bin/sh', '-c', command]))}"])
    subprocess.run(["unshare", "--mount", "/bin/sh", "-c", script], check=True)


def run_image(stage: Stage) -> None:
    """Start the image as PID 1 on a read-only root, ask its health check, and end it by SIGTERM."""
    root = shlex.quote(str(stage.root))
    stage.env |= {"FLOWPROOF_TOKEN": "image-check", "FLOWPROOF_SERVE_PORT": PORT}
    mounts = f"mount --bind {root} {root} && mount -o remount,bind,ro {root}"
    mounts += f" && mount -t tmpfs tmpfs {root}/tmp"  # noqa: S108 (a mount)
    more = f"mount -t proc proc {root}/proc && mount --bind /dev {root}/dev"
    server = shlex.join(stage.program([*stage.entrypoint, *stage.command]))
    isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c"]
    process = subprocess.Popen([*isolated, f"{mounts} && {more} && exec {server}"])
    try:
        stage.env["FLOWPROOF_SERVER"] = f"http://127.0.0.1:{PORT}"
        step("health check before the server is ready:", _health(stage))
        subprocess.run(stage.program(["flowproof", "wait", "--timeout", str(TIMEOUT_S)]), check=True)
        step("health check of the running server:", _health(stage))
        pid = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        facts = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        step("user", facts["Uid"].split()[0], "process", facts["NSpid"].split()[-1], "in its own tree")
        writable = stage.program(["python", "-c", "open('/opt/flowproof/here', 'w')"])
        refused = subprocess.run(
            ["nsenter", f"--mount=/proc/{pid}/ns/mnt", *writable], capture_output=True, text=True, check=False
        )
        step("writing to the root file system:", (refused.stderr.splitlines() or ["it was possible"])[-1])
        began = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        code = process.wait(TIMEOUT_S)
        step(f"SIGTERM: ended with exit code {code} after {time.monotonic() - began:.2f} s")
        if code or facts["NSpid"].split()[-1] != "1" or not refused.returncode:
            sys.exit("The image does not do what it should: see above.")
    finally:
        process.kill()
        process.wait()


def _health(stage: Stage) -> str:
    done = subprocess.run(stage.program(stage.healthcheck), capture_output=True, text=True, check=False)
    return f"exit code {done.returncode} {done.stderr.strip()}".strip()


def step(*words: str) -> None:
    """Print what is done now."""
    print("==>", *words, flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
