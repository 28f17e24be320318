"""Measurements. Ratios within one run are what counts: absolute figures differ from machine to machine."""
