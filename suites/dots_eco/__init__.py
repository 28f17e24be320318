"""What certifies a Dots.eco target: run it with pytest --pyargs flowproof.suites.dots_eco."""
