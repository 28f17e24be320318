"""Progress of a certification run: a bar with the remaining time on a terminal, elsewhere a line for each tenth."""

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from flowproof.certify.events import Event, Planned, RunStarted, TestFinished, Verdict
from flowproof.plurals import counted

from .tables import visible

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["Progress"]

VERDICTS: tuple[Verdict, ...] = ("PASS", "FAIL", "ERROR", "SKIP", "OMIT")
LINES = 10
BAR = "{n_fmt} of {total_fmt} tests |{bar:20}| {remaining} left{postfix}"


class Progress:
    """
    Shows the events of a run on stderr. A test that fails has a line in any case.

    Args:
        provider: Slug.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._bar: tqdm[Any] | None = None
        self._verdicts: dict[str, Verdict] = {}
        self._planned: set[str] = set()
        self._tenths = 0

    @property
    def planned(self) -> int:
        """How many tests there are."""
        return len(self._planned)

    @property
    def done(self) -> int:
        """How many have their verdict."""
        return len(self._verdicts)

    def show(self, event: Event) -> None:
        match event:
            case RunStarted(target=target):
                where = f"{target}{f', {target.url}' if target.url else ''}"
                self._line(f"{self._provider} on {visible(where)}{', resumed' if event.resumed else ''}")
            case Planned():
                self._planned.add(event.test)
                self._verdicts.pop(event.test, None)
            case TestFinished():
                self._verdicts[event.test] = event.verdict
                if event.verdict in ("FAIL", "ERROR"):
                    self._line(f"{event.verdict:<5} {visible(event.test)}: {visible(event.why)}")
                self._advance()
            case _:
                return

    def end(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()

    def _line(self, text: str) -> None:
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
        else:
            click.echo(text, err=True)

    def _advance(self) -> None:
        if not sys.stderr.isatty():
            self._tenth()
            return
        if self._bar is None:
            from tqdm import tqdm  # noqa: PLC0415 (only a terminal has a bar)

            self._bar = tqdm(initial=self.done - 1, bar_format=BAR, leave=False, dynamic_ncols=True, file=sys.stderr)
        self._bar.total = self.planned
        self._bar.set_postfix_str(self._counts(), refresh=False)
        self._bar.update(self.done - self._bar.n)

    def _tenth(self) -> None:
        tenths = LINES * self.done // max(self.planned, LINES)
        if tenths > self._tenths:
            self._line(f"{self.done} of {counted(self.planned, 'test')}: {self._counts()}")
            self._tenths = tenths

    def _counts(self) -> str:
        counts = Counter(self._verdicts.values())
        return ", ".join(f"{counts[each]} {each}" for each in VERDICTS if counts[each])
