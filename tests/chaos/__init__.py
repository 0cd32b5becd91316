"""Orderflow under violence: parts are killed, Redis is emptied, disks are full; then a judge reads what is left."""
