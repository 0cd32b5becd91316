"""Ways to people, one folder each."""
