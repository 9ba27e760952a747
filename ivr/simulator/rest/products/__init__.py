"""REST: products with a host of their own: Lookup, Verify and TaskRouter."""
