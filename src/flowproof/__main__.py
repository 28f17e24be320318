"""``python -m flowproof``: the command line, where the script is not on the PATH."""

from flowproof.cli import main

main(prog_name="flowproof")
