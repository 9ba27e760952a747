"""What one thing heard makes of a call."""
