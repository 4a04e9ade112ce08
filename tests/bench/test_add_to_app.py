"""What is timed is what the page says."""

import pytest

from bench.add_to_app import BACKEND, FRONTEND, PAGE, StepError, blocks, put


def test_the_page_has_what_is_done() -> None:
    """It has the blocks that the script copies, and they fit into the application."""
    assert [len(text.splitlines()) for text in blocks("sh")] == [3, 1, 1]
    assert len(blocks("python")) == 4
    assert len(blocks("tsx")) == 1
    compile(put(BACKEND, {"app = FastAPI()\n": blocks("python")[0]}), "main.py", "exec")
    assert "<Notes />" in put(FRONTEND["main.tsx"], {"<h1>Ours</h1>": "<Notes />"})
    assert "export function Notes" in put(blocks("tsx")[0], {"https://app.example.com": "/"})


def test_an_example_that_is_gone_is_told() -> None:
    """What the page no longer says cannot be replaced, and the page is named."""
    with pytest.raises(StepError, match=PAGE.name):
        put("nothing", {"https://app.example.com": "/"})
