"""How well the house does: a period against the one before, one version against another, to look at and to download."""
