"""Notifiers: one folder each."""
