"""`python -m builder.cli`: the same as the command `orderflow`."""

from builder.cli import main

main()
