"""Sources of orders: one folder each."""
