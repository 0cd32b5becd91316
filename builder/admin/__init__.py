"""People, teams and channels."""
