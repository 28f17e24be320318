"""Why a signature does not verify: the mistake that reproduces exactly what the client sent, and how to fix it."""

from .rendering import read_rendered, render
from .search import BOUND, SWAPPED, Diagnosis, SigningMistake, diagnose

__all__ = ["BOUND", "SWAPPED", "Diagnosis", "SigningMistake", "diagnose", "read_rendered", "render"]
