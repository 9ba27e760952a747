"""The network as people see it: a page of phones, and a terminal."""
