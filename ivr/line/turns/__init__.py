"""What one thing heard makes of a call or a case; pure."""
