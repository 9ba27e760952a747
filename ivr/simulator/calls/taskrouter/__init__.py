"""TaskRouter: calls that become tasks, and the workers that they are offered to."""
