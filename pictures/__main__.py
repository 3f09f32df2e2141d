"""Draw all dashboards from the demo's world, and the exporter's own page, and say what is wrong on them.

python -m pictures [--out FOLDER] [--world WORLD] [--theme THEME ...] [--width PIXELS ...] [--only NAME ...] [--small]
"""

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from exporter.demo.prometheus import PrometheusFailed
from pictures.drawing import Drawn, NotDrawn, Page, draw
from pictures.judge import complaints
from pictures.own_page import own_pages, serving
from pictures.packages import HERE, NotInstalled, install
from pictures.small import shrink
from pictures.stage import Stage, staged
from pictures.worlds import EXPORTERS, WORLDS, dashboard_pages
from tools.components import COMPONENTS, fetch, find

OUT = HERE.parent / ".pictures"


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw; the exit code is 1 when something is wrong on a page, 2 when nothing can be drawn."""
    options = _parser().parse_args(arguments)
    try:
        install()
        programs = _programs("prometheus", "promtool", "chromium")
        drawn = asyncio.run(_draw(programs, options))
    except (NotInstalled, NotDrawn, PrometheusFailed) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    for one in drawn if options.small else ():
        shrink(options.out / one.page.picture)
    return 1 if _report(drawn) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pictures", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="where to (default: .pictures)")
    parser.add_argument("--world", choices=WORLDS, default="demo", help="whose day (default: demo)")
    parser.add_argument("--theme", nargs="+", choices=["light", "dark"], default=["light", "dark"])
    parser.add_argument("--width", nargs="+", type=int, default=[1440, 1100], help="in pixels")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="such as services, or ru-services")
    parser.add_argument("--small", action="store_true", help="in 256 colours, as the documentation has them")
    return parser


def _programs(*names: str) -> Mapping[str, Path]:
    problems = fetch(names)
    for name, problem in problems.items():
        raise NotInstalled(f"{COMPONENTS[name].name} can't be had: {problem}; install it")
    return {name: path for name in names if (path := find(name))}


async def _draw(programs: Mapping[str, Path], options: argparse.Namespace) -> list[Drawn]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="pictures-")))
        pages: list[Page] = []
        stage = Stage("", 0)
        if options.world == "demo":
            own = await stack.enter_async_context(serving(folder / "demo"))
            pages += _chosen(own_pages(own, options.theme), options)
        if dashboards := _chosen(dashboard_pages(options.theme, options.width, options.world), options):
            stage = await stack.enter_async_context(_world(programs, options.world, folder / "world"))
            pages += [page.at(stage.now) for page in dashboards]
        _say(f"drawing {len(pages)} pages ...")
        return await draw(pages, programs["chromium"], stage.prometheus, options.out.absolute())


def _world(programs: Mapping[str, Path], name: str, folder: Path) -> AbstractAsyncContextManager[Stage]:
    _say("playing 24 hours into Prometheus ...")
    folder.mkdir()
    exporters = EXPORTERS.get(name, 1)
    return staged(WORLDS[name](), programs["prometheus"], programs["promtool"], folder, exporters)


def _chosen(pages: Sequence[Page], options: argparse.Namespace) -> list[Page]:
    return [page for page in pages if not options.only or _named(page.picture, options.only)]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _named(picture: str, names: Sequence[str]) -> bool:
    return any(f"-{name}-" in f"-{picture}" for name in names)


def _report(drawn: Sequence[Drawn]) -> int:
    """Print what is wrong, by page; return how much it is."""
    found = {one.page.picture: complaints(one) for one in drawn}
    for picture, lines in found.items():
        print(f"{picture}: {'nothing wrong' if not lines else ''}")
        print("".join(f"  {line}\n" for line in lines), end="")
    return sum(map(len, found.values()))


if __name__ == "__main__":
    sys.exit(main())
