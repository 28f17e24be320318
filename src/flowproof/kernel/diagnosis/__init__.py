"""Why a signature does not verify: the mistake that reproduces exactly what the client sent, and how to fix it."""

from .search import BOUND, SWAPPED, Diagnosis, SigningMistake, diagnose, render

__all__ = ["BOUND", "SWAPPED", "Diagnosis", "SigningMistake", "diagnose", "render"]
