"""A private PostgreSQL for tests: a cluster of its own in a temporary folder, reached by a Unix socket there."""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import psycopg
import pytest

__all__ = ["USER", "Cluster", "binaries", "new_cluster", "shared_cluster"]

START_TIMEOUT_S = "60"
PROGRAM_TIMEOUT_S = 120.0
USER = "flowproof"
# No test lets the operating system crash, so nothing has to reach the disk.
SETTINGS = ("listen_addresses=", "fsync=off", "max_connections=200", "timezone=UTC", "log_min_messages=fatal")


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs, the newest version's where Debian has several; None where there is none."""
    found = shutil.which("pg_ctl")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda each: int(each.parts[-3]))
    return versions[-1].parent if versions else None


class Cluster:
    """
    A running server.

    Args:
        programs: The folder of its programs.
        settings: Beside the usual ones.
    """

    def __init__(self, programs: Path, settings: Sequence[str] = ()) -> None:
        self._programs = programs
        self._settings = (*SETTINGS, *settings)
        self.folder = Path(tempfile.mkdtemp(prefix="fp-pg-"))
        # initdb refuses root, so root becomes the user that Debian's package has made
        self._as_user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self._as_user:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "--auth=trust", f"--username={USER}", "--no-sync", "--encoding=UTF8")
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self.folder / "data"), *arguments]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=PROGRAM_TIMEOUT_S,
            cwd=self.folder,
            **self._as_user,
        )  # type: ignore[call-overload]  # (the keywords of another user are computed)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start it; returns when it takes connections."""
        options = " ".join(f"-c {each}" for each in (*self._settings, f"unix_socket_directories={self.folder}"))
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "--wait", "--timeout", START_TIMEOUT_S, "--log", log, "--options", options)

    def restart(self, *settings: str) -> None:
        """Start it anew with further settings."""
        self._settings = (*self._settings, *settings)
        self.stop("fast")
        self.start()

    def keep(self, name: str, content: bytes) -> Path:
        """A file that its programs may read, and nobody else."""
        file = self.folder / name
        file.write_bytes(content)
        file.chmod(0o600)
        if self._as_user:
            shutil.chown(file, "postgres", "postgres")
        return file

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; ``immediate`` is a crash."""
        self._run("pg_ctl", "stop", "--mode", mode, "--wait", "--timeout", START_TIMEOUT_S)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    @property
    def socket(self) -> str:
        """The path of its socket."""
        return str(self.folder / ".s.PGSQL.5432")

    def emptied(self) -> str:
        """The URL of a database without any table of ours."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(
                "SET client_min_messages = warning; SET lock_timeout = '60s'; DROP SCHEMA IF EXISTS flowproof CASCADE"
            )
        return self.url()

    def made(self, database: str) -> str:
        """The URL of a new database."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)

    @property
    def pid(self) -> int | None:
        """The number of its first process; None while it does not run."""
        file = self.folder / "data" / "postmaster.pid"
        return int(file.read_text().split()[0]) if file.exists() else None

    def remove(self) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError):  # it has crashed and left its file
                os.kill(self.pid, signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


def new_cluster() -> Cluster:
    """
    A cluster of the caller's own.

    A machine without PostgreSQL skips the test that calls it and says so; in CI that is a failure.
    """
    programs = binaries()
    if programs is not None:
        return Cluster(programs)
    reason = "PostgreSQL is not installed here (Debian: apt-get install postgresql)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def shared_cluster() -> Cluster:
    """The cluster that the tests of this process share; it ends with the process."""
    cluster = new_cluster()
    atexit.register(cluster.remove)
    return cluster
