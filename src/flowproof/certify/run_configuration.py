"""What is to be run, on which target, and where its files go. Runs nothing."""

from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from flowproof.target.profile import Defaults, no_defaults

from .run_store import run_store_of

__all__ = ["RunConfiguration"]


@dataclass(frozen=True, slots=True)
class RunConfiguration:
    """
    What is to be run.

    Args:
        provider: Slug.
        suite: Folder of its suite.
        contract: Folder of its contract.
        fixtures: Folder of its fixtures, which need not exist.
        target: A profile's file; None for the mock.
        folder: Where the run's files go.
        requirements: Only the tests of these, or of what stands below them; none means all.
        keyword: Only the tests that fit this expression, as `pytest -k` reads it; empty for all.
        jobs: How many processes at once; more than one needs pytest-xdist.
        resume: Whether to go on from the events that are there.
        profile_defaults: What a provider's table in the profile has where it is not written.
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

    @property
    def events(self) -> Path:
        """The run's record."""
        return self.folder / "events.jsonl"

    @property
    def run_store(self) -> Path:
        """What its processes share; there as long as the run is not over."""
        return run_store_of(self.events)

    @property
    def coverage(self) -> Path:
        """What its earlier parts exercised; the same."""
        return self.folder / "events.jsonl.coverage"

    def selection(self) -> str:
        """Which tests are chosen, in words."""
        chosen = [f"requirement {' or '.join(self.requirements)}"] if self.requirements else []
        return "; ".join([*chosen, *([f"tests that fit {self.keyword!r}"] if self.keyword else [])])
