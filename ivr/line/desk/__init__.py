"""The support desk's rules: plain values, in which the time is always an argument."""
