"""Call flows: tables of steps, and the words said."""
