"""Tables and figures as one page for a browser, by Jinja2: the other renderer of a `Table`."""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from PIL import Image

from epsilon_research.reporting.table import MARKS, Table

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters and halves of pairs, which HTML (or UTF-8) has no way to say."""

MOST_OPEN_ROWS = 24
"""A longer table is folded, so that it can be passed by; in print all are open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A PNG file inside a page: `source` is its content as a data URL.

    With width and height in pixels the page does not jump while it loads.
    """

    caption: str
    source: str
    width: int
    height: int

    @classmethod
    def read(cls, path: Path, *, caption: str) -> "Picture":
        """Read a file.

        Raises:
            OSError: It cannot be read, or is not a PNG file.
        """
        with Image.open(path, formats=["PNG"]) as image:
            width, height = image.size
        source = f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
        return cls(caption=caption, source=source, width=width, height=height)


def render(template: str, **values: object) -> str:
    """Fill a file of `templates/`; text is escaped, and what HTML cannot say is replaced."""
    return _UNPRINTABLE.sub(
        "\N{REPLACEMENT CHARACTER}", _environment().get_template(template).render(values)
    )


def own_script(*names: str) -> dict[str, str]:
    """Return scripts of `templates/` as one, and the digest by which a page's policy permits it."""
    folder = Path(__file__).parent / "templates"
    script = "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return {"script": Markup(script), "digest": f"sha256-{digest}"}  # the package's own


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("epsilon_research.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = _marked
    environment.tests["table"] = lambda part: isinstance(part, Table)
    environment.globals["MOST_OPEN_ROWS"] = MOST_OPEN_ROWS
    return environment


def _marked(text: str) -> Markup:
    """Escaped text in which signs such as ✓ have the class of their meaning."""
    found = escape(text)
    for sign, meaning in MARKS.items():
        found = found.replace(sign, Markup('<span class="{}">{}</span>').format(meaning, sign))
    return found
