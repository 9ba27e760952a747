"""A call told afterwards, from its log."""
