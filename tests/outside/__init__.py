"""Tests of a provider of another distribution, built as a wheel and installed in a virtual environment of its own."""
