"""Which library hears with which model, and which of them this machine has."""

import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Library = Literal["moonshine", "sphinx"]

ARCHITECTURES = (
    "tiny",
    "base",
    "tiny-streaming",
    "base-streaming",
    "small-streaming",
    "medium-streaming",
)
"""Of Moonshine's models, as its own download names them."""
SPACELESS = ("zh", "ja")
"""Languages whose words have no spaces between them."""


@dataclass(frozen=True, slots=True)
class Model:
    """What is loaded.

    Attributes:
        library: What loads it.
        folder: Of Moonshine's model; None: the one that comes in its wheel.
        architecture: One of `ARCHITECTURES`.
        language: ISO 639-1, what the model hears.
    """

    library: Library
    folder: str | None = None
    architecture: str = "tiny"
    language: str = "en"

    @property
    def title(self) -> str:
        """What people are told."""
        if self.library == "sphinx":
            return "PocketSphinx, US English"
        language = "English" if self.language == "en" else self.language
        size = "" if self.folder is None else f"{self.architecture}, "
        return f"Moonshine, {size}{language}"

    @property
    def has_word_times(self) -> bool:
        """Whether words of files get times: PocketSphinx aligns English of either library."""
        return self.language == "en" and is_installed("sphinx")

    def dumps(self) -> str:
        """One argument for the process that loads it."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> "Model":
        """What `dumps` wrote."""
        return cls(**json.loads(text))


def is_installed(library: Library) -> bool:
    """Whether a library is there; Moonshine has no wheel for every machine."""
    package = "moonshine_voice" if library == "moonshine" else "pocketsphinx"
    return importlib.util.find_spec(package) is not None


def choose(library: Library | None, environment: Mapping[str, str] = os.environ) -> Model:
    """The model that is asked for; Moonshine where it is installed, else PocketSphinx.

    Args:
        library: None leaves the choice to what is installed.
        environment: `LOCAL_MODEL_DIR` names a folder with another model for Moonshine,
            `LOCAL_MODEL_ARCH` its architecture (`tiny`), `LOCAL_MODEL_LANGUAGE` its language
            (`en`).

    Raises:
        RuntimeError: It is not installed, or a setting is wrong; the message is one line.
    """
    if library is None:
        library = "moonshine" if is_installed("moonshine") else "sphinx"
    if not is_installed(library):
        name = "Moonshine" if library == "moonshine" else "PocketSphinx"
        raise RuntimeError(f"{name} is not installed: it comes with the `local` group (make setup)")
    folder = environment.get("LOCAL_MODEL_DIR")
    if library == "sphinx" or not folder:
        return Model(library)
    if not (Path(folder) / "tokenizer.bin").is_file():
        raise RuntimeError(f"LOCAL_MODEL_DIR: {folder} holds no model (no tokenizer.bin in it)")
    architecture = environment.get("LOCAL_MODEL_ARCH") or "tiny"
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise RuntimeError(f"LOCAL_MODEL_ARCH: {architecture!r} is none of {known}")
    language = environment.get("LOCAL_MODEL_LANGUAGE") or "en"
    return Model(library, folder, architecture, language)
