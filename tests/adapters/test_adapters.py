"""The package's adapters with the packages that they are for, unmodified."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.docs.product import ROOT, SHORT, SHORT_WORDS, Product, serving

FOLDER: Final = Path(__file__).parent
LIBRARY: Final = ROOT / "frontend" / "node_modules" / ".cache" / "utter-library"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The demonstration, serving."""
    with serving(tmp_path_factory.mktemp("product")) as product:
        yield product


@pytest.mark.timeout(240)
@pytest.mark.process
def test_adapters(product: Product) -> None:
    """The AI SDK and assistant-ui's composer get our words, as told in `adapters.test.js`."""
    node = shutil.which("node")
    assert node is not None, "Node is needed"
    assert (FOLDER / "node_modules").is_dir(), f"`npm ci` in {FOLDER} is needed"
    build = f"npx vite build --logLevel warn --config vite.library.config.ts --outDir {LIBRARY}"
    built = subprocess.run(  # noqa: S603 - the package's own build
        [*build.split(), "--emptyOutDir"],
        cwd=ROOT / "frontend",
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    more = {"LIBRARY": str(LIBRARY), "SAMPLE": str(SHORT), "WORDS": SHORT_WORDS}
    flags = ["--experimental-websocket"] if _major(node) < 22 else []
    told = subprocess.run(  # noqa: S603 - a file of ours
        [node, *flags, "--test", "adapters.test.js"],
        cwd=FOLDER,
        env=os.environ | product.environment | more,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert told.returncode == 0, told.stdout
    assert "# fail 0" in told.stdout


def _major(node: str) -> int:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    return int(told.stdout.removeprefix("v").partition(".")[0])
