"""What Twilio asks."""
