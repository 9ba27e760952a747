"""The TwiML interpreter; pure: it does no I/O and knows no clock."""
