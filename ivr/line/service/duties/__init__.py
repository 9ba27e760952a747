"""What must happen, one kind of duty a module."""
