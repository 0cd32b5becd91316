"""The list of flows: what they do, which channels they take, and new ones."""
