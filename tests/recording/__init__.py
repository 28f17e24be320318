"""Recorded traffic as cases, on the mock again, and as a mock."""
