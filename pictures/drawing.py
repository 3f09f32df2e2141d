"""Asks the driver in Node for pictures, and reads what it saw on them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pictures.packages import HERE, node

FOOT = "Drawn with Grafana's panel components (12.4)"
LEAST_CONTRAST = 4.5  # what WCAG 2 asks of text
SCRAPE_INTERVAL = "15s"  # as in grafana/provisioning/datasources

Theme = Literal["light", "dark"]
Json = dict[str, Any]


class NotDrawn(Exception):
    """The driver could not do its work; the message says why."""


@dataclass(frozen=True)
class View:
    """How a reader looks at a page; `now` (Unix time) stops the clock."""

    language: str = "en"
    theme: Theme = "light"
    width: int = 1440
    now: float | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Page:
    """A dashboard to draw, or what has an address; `variables` are what is chosen on the dashboard."""

    name: str
    view: View
    dashboard: Json | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    address: str = ""

    @property
    def picture(self) -> str:
        """The name of its file."""
        return f"{self.view.language}-{self.name}-{self.view.theme}-{self.view.width}.png"

    def at(self, now: float) -> "Page":
        """Return the same page, looked at at this time."""
        return replace(self, view=replace(self.view, now=now))


@dataclass(frozen=True)
class Drawn:
    """A page that was drawn, and what was seen on it: see `look/main.ts` and `page/told.ts`."""

    page: Page
    seen: Json


async def draw(pages: Sequence[Page], chromium: Path, prometheus: str, folder: Path) -> list[Drawn]:
    """Draw the pages into `folder`; NotDrawn when that can't be done at all."""
    job = {
        "chromium": str(chromium),
        "prometheus": prometheus,
        "leastContrast": LEAST_CONTRAST,
        "pages": [_asked(page, folder) for page in pages],
    }
    command = [node(), HERE / "driver" / "draw.js"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        answer, said = await process.communicate(json.dumps(job).encode())
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise NotDrawn(said.decode(errors="replace").strip()[-2000:])
    return [Drawn(page, seen) for page, seen in zip(pages, json.loads(answer), strict=True)]


def _asked(page: Page, folder: Path) -> Json:
    view = page.view
    asked: Json = {
        "picture": str(folder / page.picture),
        "view": {
            "language": view.language,
            "theme": view.theme,
            "width": view.width,
            "timeZone": view.time_zone,
        },
    }
    if view.now:
        asked["view"]["now"] = view.now
    if page.address:
        return asked | {"address": page.address}
    return asked | {
        "dashboard": page.dashboard,
        "variables": dict(page.variables),
        "foot": FOOT,
        "scrapeInterval": SCRAPE_INTERVAL,
    }
