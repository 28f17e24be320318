"""Why a signature does not verify: the mistake that reproduces exactly what the client sent, and how to mend it."""

from .search import BOUND, SWAPPED, Diagnosis, Mistake, diagnose, render

__all__ = ["BOUND", "SWAPPED", "Diagnosis", "Mistake", "diagnose", "render"]
