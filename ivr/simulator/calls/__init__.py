"""One call and everything that it can be connected to."""
