"""What certifies an Otter target: run it with pytest --pyargs flowproof.suites.otter."""
