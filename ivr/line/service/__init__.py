"""The doors for calls and cases, and what is owed."""
