"""Tests of what becomes of other people's OpenAPI documents."""
