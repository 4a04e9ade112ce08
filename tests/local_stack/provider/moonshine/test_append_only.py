"""Text that is only added to, from lines that are revised."""

from local_stack.provider.moonshine.append_only import AppendOnly, settled


def told(*versions: str, end: str) -> list[str]:
    """What each version of one line brings, and then its end."""
    text = AppendOnly()
    return [*(text.revise(version) for version in versions), text.finish(end)]


def test_the_first_words_come_once_two_versions_agree() -> None:
    """A word is told when the versions agree and two more words follow; the end brings the rest."""
    assert told(
        "It was",
        "It was the best.",
        "It was the best of.",
        "It was the best of times",
        end="It was the best of times.",
    ) == ["", "It was", "", " the best", " of times."]


def test_later_words_come_once_three_versions_agree() -> None:
    """After the first words a line takes three versions, and so does every line after it."""
    text = AppendOnly()
    assert [text.revise("It was the best of") for _ in range(2)] == ["", "It was the"]
    longer = "It was the best of times it was"
    assert [text.revise(longer) for _ in range(3)] == [" best of", "", " times"]
    assert text.finish(f"{longer} so.") == " it was so."
    assert [text.revise("The worst of times") for _ in range(3)] == ["", "", "The worst"]


def test_the_first_words_may_be_mended_before() -> None:
    """What a version said before the last two does not hold the first words back."""
    versions = ("Wanded", "When the train", "When the train finally")
    assert told(*versions, end="When the train finally arrived.")[:3] == ["", "", "When the"]


def test_case_and_punctuation_are_no_disagreement() -> None:
    """The end of a version has a false full stop or capital, which a later one takes back."""
    versions = (
        "try again.",
        "Try again. fail better",
        "Try again, fail better now",
    )
    assert told(*versions, end="Try again, fail on now.")[:3] == ["", "Try again.", ""]


def test_joined_it_is_the_finished_line() -> None:
    """Where nothing was contradicted the pieces, joined, are the finished line."""
    line = "He walked down the street to the old house near the river."
    words = line.split(" ")
    versions = [" ".join(words[:count]) for count in range(1, len(words))]
    assert "".join(told(*versions, end=line)) == line


def test_a_contradicted_word_stays_and_nothing_comes_twice() -> None:
    """A word that the end contradicts cannot be taken back; what follows it is told once."""
    text = AppendOnly()
    for _ in range(4):
        text.revise("One the train finally arrived")
    assert text.finish("When the train finally arrived at last.") == " finally arrived at last."
    assert (text.early, text.contradicted) == (3, 1)


def test_a_loop_is_never_told() -> None:
    """Of a decoder that repeats itself nothing is told, and at the end of a line once."""
    loop = "the river and waited " * 5
    text = AppendOnly()
    assert [text.revise(loop) for _ in range(5)] == [""] * 5
    assert text.finish(loop) == "the river and waited"
    assert settled("no, no, no. He said no") == "no, no, no. He said no"


def test_languages_without_spaces() -> None:
    """Where there are no spaces a character counts as a word."""
    versions = ("今天", "今天天", "今天天气很", "今天天气很好")
    assert "".join(told(*versions, end="今天天气很好。")) == "今天天气很好。"
    assert told(*versions, end="今天天气很好。")[:2] == ["", "今"]
