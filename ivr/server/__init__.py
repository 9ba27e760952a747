"""What puts the parts together: settings, processes, a laptop, a rehearsal."""
