"""Tests of documents that are inferred from recorded traffic."""
