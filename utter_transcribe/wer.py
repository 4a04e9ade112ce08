"""Word error rate, the usual measure of speech recognition."""


def words(text: str) -> list[str]:
    """Return the words of `text` without case and punctuation; apostrophes stay."""
    kept = (c if c.isalnum() or c == "'" else " " for c in text.replace("’", "'").lower())
    return "".join(kept).split()


def word_error_rate(reference: str, heard: str) -> float:
    """Return the share of words that are wrong, missing or too many.

    The word-level Levenshtein distance over the words of the reference: 0 is perfect, and more
    than 1 is possible.

    Raises:
        ValueError: The reference has no words.
    """
    expected, got = words(reference), words(heard)
    if not expected:
        raise ValueError("the reference has no words")
    row = list(range(len(got) + 1))
    for i, word in enumerate(expected, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(got, 1):
            replaced = diagonal + (word != other)
            diagonal = row[j]
            row[j] = min(replaced, row[j] + 1, row[j - 1] + 1)
    return row[-1] / len(expected)
