"""Orderflow as an app on a phone or a desktop: its name and icon, and what is shown where no server answers."""
