"""The report as one HTML file: nothing is loaded from anywhere."""

import base64
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup, escape

from calciscope.evaluation.report.blocks import Block, Document
from calciscope.writers.page_templates import page_templates


def write_html(document: Document, path: Path) -> None:
    """Write the document as HTML."""
    page = _environment().get_template("evaluation.html.j2").render(document=document)
    path.write_text(page, encoding="utf-8")


def _environment() -> Environment:
    """Templates beside this file and those of the study report."""
    environment = page_templates("calciscope.evaluation.report")
    environment.filters |= {"kind": _kind, "svg_uri": _svg_uri, "broken": _broken}
    return environment


def _kind(block: Block) -> str:
    """Name of a block's class, which the template chooses by."""
    return type(block).__name__


def _svg_uri(svg: bytes) -> str:
    """A drawing as text that an `img` element takes in place of an address."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")


def _broken(text: str) -> Markup:
    """A value and its interval may part only at the bracket."""
    value, bracket, rest = text.partition(" [")
    if not bracket:
        return escape(text)
    return Markup("{} <span>[{}</span>").format(value, rest)
