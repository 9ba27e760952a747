"""CSV files read into the tables."""
