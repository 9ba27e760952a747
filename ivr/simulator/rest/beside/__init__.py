"""REST: what goes on beside a call, and is started and stopped by requests."""
