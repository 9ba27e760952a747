"""The `.call` grammar, and whether what was heard is what was expected."""
