"""This file is the few HTML pieces the report is made of; everything that comes from a user is escaped here."""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from eutectic.campaigns.analysis.summary import title
from eutectic.campaigns.record.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Html:
    """Text that is HTML already."""

    text: str


Text = str | int | float | Html | None


def safe(content: Text) -> str:
    """HTML for anything: escaped text, or HTML as it is; nothing for None."""
    if isinstance(content, Html):
        return content.text
    return "" if content is None else html.escape(str(content))


def table(
    head: Sequence[Text], rows: Sequence[Sequence[Text]], *, numbers: Sequence[int] = (), tall: bool = False
) -> str:
    """A table; `numbers` are the columns set flush right, `tall` ones scroll in a box of their own."""
    classes = ["num" if i in numbers else "" for i in range(len(head))]
    wide = [" wide" if len(safe(h)) > 24 else "" for h in head]
    top = "".join(f'<th class="{c}{w}">{safe(h)}</th>' for h, c, w in zip(head, classes, wide, strict=True))
    body = "".join(_line(row, classes) for row in rows)
    box = "scroll tall" if tall else "scroll"
    return f'<div class="{box}"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _line(row: Sequence[Text], classes: Sequence[str]) -> str:
    return "<tr>" + "".join(f'<td class="{c}">{safe(x)}</td>' for x, c in zip(row, classes, strict=True)) + "</tr>"


def section(anchor: str, heading: str, *parts: str) -> str:
    """A section with its heading; nothing when it has no content."""
    body = "".join(parts)
    return f'<section id="{anchor}"><h2>{safe(heading)}</h2>{body}</section>' if body else ""


def contents(parts: Sequence[str]) -> str:
    """Links to the sections that have something to say, in order; nothing for none."""
    told = [match for part in parts for match in re.finditer(r'<section id="([\w-]+)"><h2>(.*?)</h2>', part)]
    links = "".join(f'<li><a href="#{match[1]}">{match[2]}</a></li>' for match in told)
    return f'<nav class="contents" aria-label="Contents"><ol>{links}</ol></nav>' if links else ""


def paragraph(content: Text, kind: str = "") -> str:
    """A paragraph; nothing for an empty one."""
    return f'<p class="{kind}">{safe(content)}</p>' if safe(content) else ""


def chart(anchor: str, figure: dict[str, object] | None) -> str:
    """A place for a figure and its data; nothing for None."""
    if figure is None:
        return ""
    # "<" never stands in a script as itself, so that no text can end it
    content = json.dumps(figure, allow_nan=False).replace("<", "\\u003c")
    data = f'<script type="application/json" data-chart="{anchor}">{content}</script>'
    return f'<figure><div id="{anchor}" class="chart"></div>{data}</figure>'


def candidate(outcome: Outcome) -> Html:
    """The candidate in a few words; a formula with subscripts."""
    text = html.escape(title(outcome))
    return Html(re.sub(r"(?<=[A-Za-z])(\d+(\.\d+)?)", r"<sub>\1</sub>", text) if outcome.composition else text)


def badge(status: str) -> Html:
    """A status with its colour."""
    return Html(f'<span class="badge {html.escape(status, quote=True)}">{html.escape(status)}</span>')
