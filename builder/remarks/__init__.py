"""What people say about orders: comments, files, and who is mentioned."""
