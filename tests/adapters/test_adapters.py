"""The package's adapters with the packages that they are for, unmodified."""

import json
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


@pytest.mark.process
def test_the_registry(tmp_path: Path) -> None:
    """`make package` writes the items that shadcn's own build makes, each by shadcn's schema."""
    registry = ROOT / "frontend" / "registry"
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for command, folder in (
        (f"node registry.mjs {ours}", ROOT / "frontend"),
        (f"npx shadcn build {registry}/registry.json -c {registry} -o {theirs}", FOLDER),
    ):
        done = subprocess.run(  # noqa: S603 - commands of ours
            command.split(), cwd=folder, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
    (theirs / "registry.json").unlink()
    assert _items(ours) == _items(theirs)
    check = """
    import { readFileSync } from "node:fs";
    import { registryItemSchema, registrySchema } from "shadcn/schema";
    const read = (file) => JSON.parse(readFileSync(file));
    const [registry, ...items] = process.argv.slice(1).map(read);
    registrySchema.parse(registry);
    for (const item of items) registryItemSchema.parse(item);
    """
    files = [registry / "registry.json", *ours.iterdir()]
    node = ("node", "--input-type=module", "--eval", check, *map(str, files))
    done = subprocess.run(node, cwd=FOLDER, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def _items(folder: Path) -> dict[str, object]:
    return {file.name: json.loads(file.read_text()) for file in folder.iterdir()}


def _major(node: str) -> int:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    return int(told.stdout.removeprefix("v").partition(".")[0])
