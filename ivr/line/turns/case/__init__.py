"""What one thing heard makes of a case."""
