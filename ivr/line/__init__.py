"""The escalation line."""
