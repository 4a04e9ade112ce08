"""PocketSphinx: the offline engine where Moonshine has no wheel."""
