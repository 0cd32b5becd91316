"""The order balance: where all that came in is now, what cannot be accounted for, and what is wrong with which order."""
