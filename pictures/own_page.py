"""The exporter's own page, as a running exporter serves it that watches the demo's world."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from languages import CODES
from pictures.drawing import NotDrawn, Page, Theme, View
from pictures.stage import free_port

WIDTHS = (1440, 500)  # a desk and a phone
_PATIENCE = 60.0
_WAITED_FOR = ("service_status{", "connection_status{")


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[str]:
    """Run `status-exporter demo` without a Prometheus; yield its address when it knows services and connections."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    flags = [f"--web.listen-address=127.0.0.1:{port}", f"--data.directory={folder}", "--log.level=error"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exporter", "demo", *flags, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await _until_known(address)
        yield address
    finally:
        process.terminate()
        await process.wait()


async def _until_known(address: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(int(_PATIENCE / 0.5)):
            with suppress(httpx.HTTPError):
                text = (await client.get(f"{address}/metrics")).text
                if all(words in text for words in _WAITED_FOR):
                    return
            await asyncio.sleep(0.5)
    raise NotDrawn("the exporter of the demo does not get ready")


def own_pages(address: str, themes: Sequence[Theme]) -> list[Page]:
    """The page in every language, theme and width."""
    return [
        Page("page", View(language, theme, width), address=f"{address}/")
        for language in CODES
        for theme in themes
        for width in WIDTHS
    ]
