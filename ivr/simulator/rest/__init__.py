"""Twilio's REST API, over the network."""
