"""Record `make demo` in a real terminal (tmux) and draw the recording as one animated SVG.

    .venv/bin/python docs/images/capture.py docs/images/live.svg

Each content of a screen row is drawn once, for as long as it was shown. With reduced motion, the
last picture is shown.
"""

import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
SERVER = "utter-capture"
COLUMNS, ROWS = 94, 36
SHELL = "printf '\\033[1m$ make demo\\033[0m\\n\\n'; exec .venv/bin/utter-transcribe demo"
LAST_WORDS = "Ctrl-C ends everything"
SCREENS_PER_SECOND = 5
LONGEST_SECONDS = 120
HOLD_SECONDS = 6.0

LINE_HEIGHT, MARGIN, BAR = 24.4, 18, 40
DRAWN = re.compile(
    r'<text class="film-(r\d+)" x="([^"]+)" y="[^"]+" textLength="([^"]+)"'
    r' clip-path="url\(#film-line-(\d+)\)">(.+?)</text>'
)
STYLE = re.compile(r"\.film-(r\d+) (\{[^}]+\})")


@dataclass(frozen=True)
class Seen:
    """What stood in a row from one screen to another."""

    row: int
    first: int
    last: int
    markup: str


def tmux(*arguments: str) -> str:
    """Run a command of tmux on a server of our own."""
    command = ["tmux", "-L", SERVER, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


def is_running() -> bool:
    """Whether the terminal is still there."""
    try:
        tmux("has-session", "-t", "demo")
    except subprocess.CalledProcessError:
        return False
    return True


def film(folder: str) -> list[str]:
    """Return the screens of a run, with their colours, at an even pace.

    Args:
        folder: To run in; without data of earlier runs it shows a first start.
    """
    (Path(folder) / ".venv").symlink_to(ROOT / ".venv")
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    tmux("new-session", "-d", "-s", "demo", "-c", folder, *size, SHELL)
    screens = [""]
    begun = time.monotonic()
    while LAST_WORDS not in screens[-1]:
        time.sleep(max(0.0, begun + len(screens) / SCREENS_PER_SECOND - time.monotonic()))
        if len(screens) > LONGEST_SECONDS * SCREENS_PER_SECOND:
            sys.exit(f"the demo did not come to its end:\n{screens[-1]}")
        screens.append(tmux("capture-pane", "-p", "-e", "-t", "demo"))
    tmux("send-keys", "-t", "demo", "C-c")
    while is_running():
        time.sleep(0.1)
    return screens[1:]


def draw(screens: list[str]) -> str:
    """Return the screens below one another as rich draws them."""
    console = Console(record=True, width=COLUMNS, file=StringIO())
    for screen in screens:
        decoder = AnsiDecoder()  # colours go on from row to row
        rows = [decoder.decode_line(row) for row in screen.split("\n")[:ROWS]]
        for row in rows + [Text()] * (ROWS - len(rows)):
            console.print(row, no_wrap=True)
    return console.export_svg(unique_id="film")


def rows_of(svg: str, screens: int) -> Iterator[Seen]:
    """Yield what is to be seen where and when."""
    cells: defaultdict[tuple[int, int], str] = defaultdict(str)
    for style, x, length, number, content in DRAWN.findall(svg):
        if content.replace("&#160;", "").strip():
            screen, row = divmod(int(number), ROWS)
            text = f'<text class="{style}" x="{x}" textLength="{length}">{content}</text>'
            cells[row, screen] += text
    for row in range(ROWS):
        at = 0
        for markup, group in groupby(cells[row, screen] for screen in range(screens)):
            count = len(list(group))
            if markup:
                yield Seen(row, at, at + count - 1, markup)
            at += count


def animate(svg: str, screens: int) -> str:
    """Return the film as one SVG."""
    seen = list(rows_of(svg, screens))
    total = screens / SCREENS_PER_SECOND + HOLD_SECONDS
    styles = [f".{name} {rules}" for name, rules in STYLE.findall(svg)]
    body = []
    for one in seen:
        begin = 100 * one.first / SCREENS_PER_SECOND / total
        end = 100 * (one.last + 1) / SCREENS_PER_SECOND / total
        name = f"s{one.first}-{one.last}"
        kept = one.last == screens - 1
        if begin > 0 or not kept:
            ends = "" if kept else f"{end:.2f}%{{visibility:hidden}}"
            frames = f"0%{{visibility:hidden}}{begin:.2f}%{{visibility:visible}}{ends}"
            styles.append(f"@keyframes {name}{{{frames}}}.{name}{{animation-name:{name}}}")
        y = LINE_HEIGHT * (one.row + 1) - 5
        body.append(
            f'<g class="{name}{"" if kept else " gone"}" transform="translate(0,{y:.1f})">'
            f"{one.markup}</g>"
        )
    width = COLUMNS * 12.2 + 2 * MARGIN
    height = LINE_HEIGHT * (max(one.row for one in seen) + 1) + BAR + MARGIN
    dots = "".join(
        f'<circle cx="{24 + 22 * n}" cy="21" r="7" fill="{colour}"/>'
        for n, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    unique = "\n".join(dict.fromkeys(styles))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">
<title>make demo: services start, words appear while a sample is spoken</title>
<style>
text {{ white-space: pre; font: 20px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }}
g.gone {{ visibility: hidden }}
svg g {{ animation: {total:.1f}s step-end infinite }}
{unique}
@media (prefers-reduced-motion: reduce) {{ svg g {{ animation: none }} }}
</style>
<rect width="100%" height="100%" rx="10" fill="#1d1f24"/>{dots}
<svg x="{MARGIN}" y="{BAR}" overflow="visible">
{chr(10).join(body)}
</svg>
</svg>
"""


def main() -> None:
    """Film, draw and write."""
    with TemporaryDirectory() as folder:
        screens = film(folder)
    Path(sys.argv[1]).write_text(animate(draw(screens), len(screens)))


if __name__ == "__main__":
    main()
