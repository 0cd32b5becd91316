"""Systems that flows call: one folder each."""
