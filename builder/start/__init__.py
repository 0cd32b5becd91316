"""The start page: what waits, what is wrong, and where to go next."""
