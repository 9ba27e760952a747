"""Telephones, and what people do with them."""
