"""REST: products with a host of their own: Lookup and Verify."""
