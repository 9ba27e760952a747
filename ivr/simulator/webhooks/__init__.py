"""Asking an application: one request, its retries, its answer as a document."""
