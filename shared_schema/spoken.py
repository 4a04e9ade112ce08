"""What is said alike and written in more than one way, by language. Service and page share it.

Keys and values are as `transcription.match.words.fold` leaves them, or it is called on them; the
words of a value are joined.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ENGLISH_ENDINGS: Final = (
    ("nt", ("not",)),
    ("ll", ("will", "shall")),
    ("re", ("are",)),
    ("ve", ("have",)),
    ("s", ("is", "has", "us")),
    ("d", ("would", "had")),
    ("m", ("am",)),
)
CONTRACTED: Final = (
    *("i", "you", "he", "she", "it", "we", "they", "that", "there", "here", "what", "who"),
    *("where", "when", "how", "let", "this", "these", "those", "why", "someone", "everyone"),
)
"""What takes an ending of the list above, n't aside."""
NEGATED: Final = (
    *("do", "does", "did", "is", "are", "was", "were", "has", "have", "had", "would"),
    *("could", "should", "must", "need", "might", "ought", "dare"),
)
ENGLISH: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "cant": ("cannot",),
        "wont": ("willnot",),
        "shant": ("shallnot",),
        "aint": ("isnot", "amnot", "arenot"),
        "cannot": ("cant",),
        "gonna": ("goingto",),
        "wanna": ("wantto",),
        "gotta": ("gotto", "haveto"),
        "tis": ("itis",),
        "twas": ("itwas",),
        "mr": ("mister",),
        "mrs": ("missus", "misses"),
        "dr": ("doctor", "drive"),
        "st": ("saint", "street"),
        "vs": ("versus",),
        "etc": ("etcetera",),
        "ok": ("okay",),
        "am": ("aem",),
        "no": ("number",),
        "oclock": ("ofclock",),
        "grey": ("gray",),
        "thru": ("through",),
        "til": ("till", "until"),
        "cause": ("because",),
        "em": ("them",),
    }
)
BRITISH: Final = (("our", "or"), ("ise", "ize"), ("isi", "izi"), ("tre", "ter"))
"""Spellings of the same English word."""
ABBREVIATED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "de": {
            "dr": ("doktor",), "usw": ("undsoweiter",), "zb": ("zumbeispiel",), "hr": ("herr",),
            "fr": ("frau",), "bzw": ("beziehungsweise",), "dh": ("dasheisst",), "nr": ("nummer",),
            "ca": ("circa",), "st": ("sankt",), "gehts": ("gehtes",), "ists": ("istes",),
        },
        "fr": {"m": ("monsieur",), "mme": ("madame",), "etc": ("etcetera",), "st": ("saint",)},
        "es": {"sr": ("señor",), "sra": ("señora",), "dr": ("doctor",), "etc": ("etcétera",)},
        "it": {"sig": ("signor", "signore"), "dott": ("dottor",), "ecc": ("eccetera",)},
        "pt": {"sr": ("senhor",), "sra": ("senhora",), "dr": ("doutor",), "etc": ("etcetera",)},
        "nl": {"dhr": ("deheer",), "mevr": ("mevrouw",), "enz": ("enzovoort",), "st": ("sint",)},
    }
)  # fmt: skip
SIGNS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "%": {
            "en": ("percent",), "de": ("prozent",), "fr": ("pourcent",), "es": ("porciento",),
            "it": ("percento",), "pt": ("porcento",), "nl": ("procent",),
            "ru": ("процентов", "процента", "процент"), "zh": ("百分之",), "ja": ("パーセント",),
            "ko": ("퍼센트", "프로"), "hi": ("प्रतिशत",), "ar": ("بالمئه", "بالمائه"),
        },
        "&": {
            "en": ("and",), "de": ("und",), "fr": ("et",), "es": ("y",), "it": ("e",),
            "pt": ("e",), "nl": ("en",), "ru": ("и",),
        },
        "+": {
            "en": ("plus",), "de": ("plus",), "fr": ("plus",), "es": ("más",), "it": ("più",),
            "pt": ("mais",), "nl": ("plus",), "ru": ("плюс",),
        },
        "=": {"en": ("equals", "isequalto"), "de": ("gleich",), "fr": ("égale",)},
        "@": {"en": ("at",), "de": ("ät", "at")},
        "°": {"en": ("degrees", "degree"), "de": ("grad",), "fr": ("degrés",), "nl": ("graden",)},
        "$": {
            "en": ("dollars", "dollar"), "de": ("dollar",), "fr": ("dollars", "dollar"),
            "es": ("dólares", "dólar"), "it": ("dollari", "dollaro"), "pt": ("dólares", "dólar"),
            "nl": ("dollar",), "ru": ("долларов", "доллара", "доллар"), "ja": ("ドル",),
            "zh": ("美元",), "ko": ("달러",),
        },
        "€": {
            "en": ("euros", "euro"), "de": ("euro",), "fr": ("euros", "euro"),
            "es": ("euros", "euro"), "it": ("euro",), "pt": ("euros", "euro"), "nl": ("euro",),
            "ru": ("евро",), "ja": ("ユーロ",), "zh": ("欧元",), "ko": ("유로",),
        },
        "£": {"en": ("pounds", "pound"), "de": ("pfund",)},
        "¥": {"en": ("yen",), "ja": ("円",), "zh": ("元",)},
        "₹": {"en": ("rupees", "rupee"), "hi": ("रुपये",)},
    }
)  # fmt: skip
SPELLINGS: Final = (
    ("tion", "San"), ("eigh", "ei"), ("ough", "o"), ("augh", "af"), ("tch", "C"), ("sch", "S"),
    ("ch", "C"), ("sh", "S"), ("ph", "f"), ("th", "0"), ("ck", "k"), ("igh", "ai"), ("gh", ""),
    ("kn", "n"), ("wr", "r"), ("wh", "w"), ("qu", "kw"), ("x", "ks"), ("ce", "se"), ("ci", "si"),
    ("cy", "si"), ("c", "k"), ("q", "k"), ("dg", "j"), ("z", "s"),
)  # fmt: skip
"""How letters roughly sound, in this order, in English above all: C as in chair, S as in she, 0 as
in thin."""
IRREGULAR: Final[Mapping[str, str]] = MappingProxyType(
    {
        "two": "tu", "one": "wan", "once": "wans", "hour": "aur", "would": "wud", "could": "kud",
        "should": "Sud", "who": "hu", "choir": "kwair", "aisle": "ail", "isle": "ail",
        "island": "ailand", "knew": "nu", "new": "nu", "through": "0ru", "laugh": "laf",
        "laughed": "laft", "enough": "inaf", "tough": "taf", "rough": "raf", "daughter": "doter",
        "caught": "kot", "taught": "tot", "iron": "aiern", "ocean": "oSan", "sure": "Sur",
        "sugar": "Sugar", "says": "ses", "said": "sed", "people": "pipl", "women": "wimin",
    }
)  # fmt: skip
"""English words that sound otherwise."""
UNSTRESSED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": (
            "a", "an", "the", "and", "in", "of", "to", "or", "at", "on", "as", "is", "are", "was",
            "were", "it", "its", "that", "them", "him", "her", "he", "his", "im", "i", "for", "by",
            "be", "than", "then", "so",
        ),
        "de": ("der", "die", "das", "den", "dem", "ein", "eine", "einen", "einem", "einer", "es"),
        "fr": ("le", "la", "les", "un", "une", "de", "du", "des", "et", "est", "à", "a"),
        "es": ("el", "la", "los", "las", "un", "una", "de", "del", "y", "a", "e"),
        "it": ("il", "lo", "la", "i", "gli", "le", "un", "una", "di", "e", "è", "a"),
        "pt": ("o", "a", "os", "as", "um", "uma", "de", "do", "da", "e", "é"),
        "nl": ("de", "het", "een", "en", "in", "te", "t", "n"),
    }
)  # fmt: skip
"""Short words that are swallowed when spoken, and taken for one another."""
