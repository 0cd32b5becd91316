"""The demo shop: people of each duty, the example flows, and simulated orders. All of it is invented."""
