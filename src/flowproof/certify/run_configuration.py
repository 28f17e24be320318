"""What to run, on which target, and where the files of the run go."""

from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path

from flowproof.target.profile import Defaults, no_defaults

from .events import Operator
from .run_store import run_store_of

__all__ = ["RunConfiguration"]


@dataclass(frozen=True, slots=True)
class RunConfiguration:
    """
    What to run.

    Args:
        provider: Slug.
        suite: Folder of its suite.
        contract: Folder of its contract.
        fixtures: Folder of its fixtures, which need not exist.
        target: A profile's file; None for the mock.
        folder: For the run's files.
        requirements: Run only the tests of these requirements or of those below them; empty for all.
        keyword: Run only the tests that match this expression of `pytest -k`; empty for all.
        jobs: Number of processes; more than one needs pytest-xdist.
        resume: Whether to resume from the existing events.
        profile_defaults: What a provider's table in the profile has where it is not written.
        operator: Who runs it.
    """

    provider: str
    suite: Path
    contract: Traversable
    fixtures: Traversable
    target: Path | None
    folder: Path
    requirements: tuple[str, ...] = ()
    keyword: str = ""
    jobs: int = 1
    resume: bool = False
    profile_defaults: Defaults = no_defaults
    operator: Operator = field(default_factory=Operator)

    @property
    def events(self) -> Path:
        """The file of the events."""
        return self.folder / "events.jsonl"

    @property
    def run_store(self) -> Path:
        """The file that the run's processes share; it exists until the run is over."""
        return run_store_of(self.events)

    @property
    def coverage(self) -> Path:
        """The file with the coverage of earlier parts; it exists until the run is over."""
        return self.folder / "events.jsonl.coverage"

    def selection(self) -> str:
        """The chosen tests in words."""
        chosen = [f"requirement {' or '.join(self.requirements)}"] if self.requirements else []
        return "; ".join([*chosen, *([f"tests that fit {self.keyword!r}"] if self.keyword else [])])
