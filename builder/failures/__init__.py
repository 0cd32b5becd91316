"""The failure desk: what failed, why, and what can be done about it."""
