"""How messages reach people: the ways, each try, the notices of each person, and where they are reached."""
