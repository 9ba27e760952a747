"""The desk at one look: who waits, who talks, what is owed, and what reached nobody."""

from __future__ import annotations

from flask import Blueprint, Flask, render_template

from ivr.line.web.pages.shown import Shown
from ivr.line.web.pages.sign_in import for_page


class Now:
    """The page ``/now``."""

    def __init__(self, shown: Shown) -> None:
        self.shown = shown

    def install(self, app: Flask) -> None:
        blueprint = Blueprint("now", __name__)
        blueprint.add_url_rule("/now", "now", for_page("now", self._page))
        app.register_blueprint(blueprint)

    def _page(self) -> str:
        return render_template("now.html", **self.shown.now())


__all__ = ["Now"]
