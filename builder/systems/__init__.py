"""The systems that are called: how each does, its limits, and those that an administrator sets up."""
