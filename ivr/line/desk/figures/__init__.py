"""The figures of a period: each call's log summarized, then counted."""
