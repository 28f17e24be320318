"""What Hypothesis makes once in a process, made before the process is forked. Light to import."""

from hypothesis import given, settings, strategies

__all__ = ["draw_first_example"]


def draw_first_example() -> None:
    """Have Hypothesis read and make what it does for the first property of a process."""

    @settings(max_examples=1, database=None)
    @given(strategies.text())
    def holds(_: str) -> None:
        pass

    holds()
