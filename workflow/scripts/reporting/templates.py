"""The templates of all texts about a suite: the HTML report and the numbers in the README."""

import html
import re
import textwrap

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from program.repository import ROOT
from reporting import text

TEMPLATES = ROOT / "workflow" / "report"
# A name and its number, and `p < 0.001`.
BEFORE_NUMBER = re.compile(rf" (?=[+{text.MINUS}]?\d)|(?<=\b[pn]) (?=[<=])")


def template_environment() -> Environment:
    """The Jinja environment: functions of `text` are filters, and HTML is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is not None and name.endswith(".html.jinja"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=text.number,
        score=text.score,
        p_value=text.p_value,
        duration=text.duration,
        count_of=text.count_of,
        joined=text.joined,
        slug=text.slug,
        size_range=text.size_range,
        in_type=text.in_type,
        display_name=text.display_name,
        narrow=narrow,
        initials=initials,
        unbroken=unbroken,
        percent=lambda share: f"{share:.0%}",
        filled=filled,
        content=content,
    )
    return environment


def filled(words: str, width: int) -> str:
    """A paragraph in lines of at most `width` characters."""
    return textwrap.fill(" ".join(words.split()), width)


def content(words: str) -> Markup:
    """Text between tags, where quotes may stay as they are: JSON is a third shorter."""
    return Markup(html.escape(words, quote=False))


def unbroken(words: str) -> Markup:
    """A sentence whose lines do not break before a number, nor within a compound such as
    `zero-shot`."""
    written = str(escape(BEFORE_NUMBER.sub("\N{NO-BREAK SPACE}", words)))
    compound = "|".join(map(re.escape, text.COMPOUNDS))
    return Markup(re.sub(compound, r'<span class="nowrap">\g<0></span>', written))


def initials(task: str) -> str:
    """The capital letters of a task's name, for where it has no picture."""
    return re.sub(r"[^A-Z]", "", text.short_task_name(task)) or task[:1]


def narrow(task: str) -> Markup:
    """A task's name for a narrow column: without its version, and broken between its words."""
    return Markup("<wbr>").join(text.task_words(task))
