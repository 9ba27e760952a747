"""How it is, for whoever watches: `/livez`, `/readyz` and `/metrics`, of webhooks and pages."""

from __future__ import annotations

from hmac import compare_digest

from flask import Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST

from ivr.errors import SettingsError
from ivr.line.service.facts import Scrape
from ivr.line.service.health import CHECKS
from ivr.line.service.services import Services

SHORTEST = 16  # characters of a token


def install(app: Flask, services: Services, metrics_token: str = "") -> None:
    """Add the three. `/metrics` is for whoever sends ``metrics_token`` as a bearer token, and for
    nobody without one. Raises `SettingsError` for a token that can be guessed."""
    if metrics_token and len(metrics_token) < SHORTEST:
        raise SettingsError(f"IVR_METRICS_TOKEN must have {SHORTEST} characters or more")
    config, health = services.line.config, services.health
    scrape = Scrape(services.line, services.store, services.clock, health)
    who = {"line": config.name, "flow_version": config.version}

    @app.get("/livez")
    def livez() -> Response:
        """200 as long as this process answers at all."""
        return jsonify(alive=True, **who)

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        """200 if all is well, or 503; checks that are named as ``exclude`` don't count."""
        excluded = request.args.getlist("exclude")
        unknown = sorted(set(excluded) - set(CHECKS))
        if unknown:
            return jsonify(error=f"no such check; there are {', '.join(CHECKS)}"), 400
        checks = health.checks()
        wrong = [each.name for each in checks if not each.ok and each.name not in excluded]
        said = {each.name: {"ok": each.ok, "code": each.code, "says": each.says} for each in checks}
        return jsonify(ready=not wrong, wrong=wrong, checks=said, **who), 503 if wrong else 200

    @app.get("/metrics")
    def metrics() -> Response:
        """Counters and facts, in Prometheus' text format."""
        given = request.headers.get("Authorization", "")
        if not metrics_token:
            return Response("set IVR_METRICS_TOKEN\n", 404, mimetype="text/plain")
        if not compare_digest(given.encode(), f"Bearer {metrics_token}".encode()):
            return Response("a bearer token is needed\n", 401, {"WWW-Authenticate": "Bearer"})
        return Response(scrape.text(), content_type=CONTENT_TYPE_LATEST)


__all__ = ["install"]
