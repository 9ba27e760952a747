"""Purging, erasing, exporting what is personal."""
