"""The REST API over HTTP: plain, secured, and as the proxy of a program."""
