"""The wire: TwiML as classes, rules, reading and writing."""
