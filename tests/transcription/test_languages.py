"""What people write for a language."""

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from shared_schema.languages import ENGLISH_NAMES
from transcription.errors import InvalidMessage
from transcription.languages import english_name, to_code


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("Auto", None),
        ("auto", None),
        ("English", "en"),
        ("english", "en"),
        (" GERMAN ", "de"),
        ("en", "en"),
        ("EN", "en"),
        ("en-US", "en"),
        ("de-DE", "de"),
        ("pt_BR", "pt"),
        ("zh-Hant-TW", "zh"),
        ("Portuguese", "pt"),
        ("Chinese", "zh"),
        ("Dutch", "nl"),
        ("Korean", "ko"),
        ("Arabic", "ar"),
        ("Hindi", "hi"),
    ],
)
def test_what_people_write_is_understood(written: str | None, code: str | None) -> None:
    """A name, a code, a locale or nothing; the case does not matter."""
    assert to_code(written) == code


@pytest.mark.parametrize(
    "written", ["Klingon", "xx", "e", "english-ish", "-", "12", "en US", "eng"]
)
def test_what_is_no_language_is_refused(written: str) -> None:
    """What is no language is refused, and not handed on to the provider."""
    with pytest.raises(InvalidMessage):
        to_code(written)


@given(st.text(max_size=64))
def test_no_text_is_a_bug(text: str) -> None:
    """Whatever is written, it is two letters, nothing, or refused."""
    try:
        code = to_code(text)
    except InvalidMessage:
        return
    assert code is None or (len(code) == 2 and code.isalpha() and code.islower())


def test_a_code_has_a_name() -> None:
    """A code is told by its English name, and an unknown one as it is."""
    assert english_name("sv") == "Swedish"
    assert english_name("zz") == "zz"


def test_the_table_is_the_cldrs() -> None:
    """Each two-letter code has the English name that the Unicode CLDR gives it."""
    told = {code: name for code, name in Locale("en").languages.items() if len(code) == 2}
    assert dict(ENGLISH_NAMES) == told
