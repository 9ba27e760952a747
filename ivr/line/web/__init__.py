"""What answers requests: webhooks, and people's pages."""
