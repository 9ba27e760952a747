"""Walking through one TwiML document; pure."""
