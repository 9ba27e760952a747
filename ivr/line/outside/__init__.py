"""What isn't ours: the carrier, calendars, mail, case systems."""
