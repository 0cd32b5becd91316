"""The inbox: tasks that wait for a person."""
