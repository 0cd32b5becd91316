"""The guide: what every kind of step does, read from the node types' own folders."""
