"""The network shown to people: a page of phones, and a terminal."""
