"""Moves of running orders to another version of their flow, looked at, done and taken back on screen."""
