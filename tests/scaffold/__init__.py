"""Tests of what `flowproof new` makes."""
