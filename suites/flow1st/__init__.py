"""What certifies a Flow1st target: run it with pytest --pyargs flowproof.suites.flow1st."""
