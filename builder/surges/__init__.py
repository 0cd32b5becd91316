"""Surges: channels that are held, what is decided about them, and what is usual in this hour."""
