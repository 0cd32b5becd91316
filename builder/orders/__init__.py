"""Orders, where they are and why, and what was refused at the door."""
