"""This file is how sections become HTML: by the templates beside it, which escape whatever is not a template's own."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eutectic.campaigns.figures.crystals import Drawing
from eutectic.campaigns.report import blocks
from eutectic.campaigns.report.blocks import Head, Section

FOLDER = Path(__file__).parent / "templates"
"""The templates, the style sheet and the script."""
KINDS = {
    "badge": blocks.Badge, "typeset": blocks.Typeset, "folded": blocks.Folded, "opening": blocks.Opening,
    "downloads": blocks.Downloads, "link": blocks.Link, "actions": blocks.Actions, "drawing": Drawing,
    "heading": blocks.Heading, "paragraph": blocks.Paragraph, "code": blocks.Code, "table": blocks.Table,
    "chart": blocks.Chart,
}  # fmt: skip
"""What a template can ask a block or a cell whether it is."""


def environment(*folders: Path) -> Environment:
    """Templates of these folders and of the report, the first one that has a name; everything is escaped."""
    made = Environment(
        loader=FileSystemLoader([*folders, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        keep_trailing_newline=True,
    )
    made.policies["json.dumps_kwargs"] = {"allow_nan": False}
    made.tests |= {name: kind.__instancecheck__ for name, kind in KINDS.items()}
    return made


@cache
def _own() -> Environment:
    return environment()


def rendered(template: str, content: Mapping[str, object]) -> str:
    """One of the report's templates with what it is to show."""
    return _own().get_template(template).render(content)


def section_html(section: Section | Head | None) -> str:
    """One section; "" for None."""
    if section is None:
        return ""
    name = "head.html" if isinstance(section, Head) else "section.html"
    return rendered(name, {"section": section})


def contents_html(sections: Sequence[Section]) -> str:
    """Links to sections, in order; "" for none."""
    return rendered("contents.html", {"sections": sections})


def file_text(name: str) -> str:
    """The style sheet or the script, as it is."""
    return (FOLDER / name).read_text(encoding="utf-8")
