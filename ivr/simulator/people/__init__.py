"""Who holds a telephone, and what they do with it."""
