"""Channels: how their orders are pulled."""
