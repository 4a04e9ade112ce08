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
        "en": ("a", "an", "the", "and", "in", "of"),
        "de": ("der", "die", "das", "den", "dem", "ein", "eine", "einen", "einem", "einer", "es"),
        "fr": ("le", "la", "les", "un", "une", "de", "du", "des", "et", "est", "à", "a"),
        "es": ("el", "la", "los", "las", "un", "una", "de", "del", "y", "a", "e"),
        "it": ("il", "lo", "la", "i", "gli", "le", "un", "una", "di", "e", "è", "a"),
        "pt": ("o", "a", "os", "as", "um", "uma", "de", "do", "da", "e", "é"),
        "nl": ("de", "het", "een", "en", "in", "te", "t", "n"),
    }
)  # fmt: skip
"""Short words that are swallowed when spoken, and taken for one another."""


def _listed(words: str, first: int = 0) -> dict[str, str]:
    return {str(first + at): word for at, word in enumerate(words.split())}


NUMERALS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "en": _listed(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
            "fifteen sixteen seventeen eighteen nineteen twenty[>]"
        ) | {
            "30": "thirty[>]", "40": "forty[>]", "50": "fifty[>]", "60": "sixty[>]",
            "70": "seventy[>]", "80": "eighty[>]", "90": "ninety[>]", "100": "<hundred[and>]",
            "1000": "<thousand[>]", "1000000": "<million[>]", "1000000000": "<billion[>]",
        },
        "de": _listed(
            "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
            "fünfzehn sechzehn siebzehn achtzehn neunzehn [>und]zwanzig"
        ) | {
            "30": "[>und]dreißig", "40": "[>und]vierzig", "50": "[>und]fünfzig",
            "60": "[>und]sechzig", "70": "[>und]siebzig", "80": "[>und]achtzig",
            "90": "[>und]neunzig", "100": "<hundert[>]", "1000": "<tausend[>]",
            "1000000": "<millionen[>]", "1000000000": "<milliarden[>]",
        },
        "nl": _listed(
            "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien "
            "vijftien zestien zeventien achttien negentien [>en]twintig"
        ) | {
            "30": "[>en]dertig", "40": "[>en]veertig", "50": "[>en]vijftig", "60": "[>en]zestig",
            "70": "[>en]zeventig", "80": "[>en]tachtig", "90": "[>en]negentig",
            "100": "<honderd[>]", "1000": "<duizend[>]", "1000000": "<miljoen[>]",
            "1000000000": "<miljard[>]",
        },
        "fr": _listed(
            "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze "
            "quinze seize dixsept dixhuit dixneuf vingt[>]"
        ) | {
            "30": "trente[>]", "40": "quarante[>]", "50": "cinquante[>]", "60": "soixante[>]",
            "80": "quatrevingt[>]", "100": "<cent[>]", "1000": "<mille[>]",
            "1000000": "<millions[>]", "1000000000": "<milliards[>]",
        },
        "es": _listed(
            "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce "
            "quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós "
            "veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho "
            "veintinueve treinta[y>]"
        ) | {
            "40": "cuarenta[y>]", "50": "cincuenta[y>]", "60": "sesenta[y>]", "70": "setenta[y>]",
            "80": "ochenta[y>]", "90": "noventa[y>]", "100": "ciento[>]", "200": "doscientos[>]",
            "300": "trescientos[>]", "400": "cuatrocientos[>]", "500": "quinientos[>]",
            "600": "seiscientos[>]", "700": "setecientos[>]", "800": "ochocientos[>]",
            "900": "novecientos[>]", "1000": "<mil[>]", "1000000": "<millones[>]",
        },
        "it": _listed(
            "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici "
            "quattordici quindici sedici diciassette diciotto diciannove venti[>]"
        ) | {
            "30": "trenta[>]", "40": "quaranta[>]", "50": "cinquanta[>]", "60": "sessanta[>]",
            "70": "settanta[>]", "80": "ottanta[>]", "90": "novanta[>]", "100": "<cento[>]",
            "1000": "<mila[>]", "1000000": "<milioni[>]", "1000000000": "<miliardi[>]",
        },
        "pt": _listed(
            "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze "
            "dezesseis dezessete dezoito dezenove vinte[e>]"
        ) | {
            "30": "trinta[e>]", "40": "quarenta[e>]", "50": "cinquenta[e>]", "60": "sessenta[e>]",
            "70": "setenta[e>]", "80": "oitenta[e>]", "90": "noventa[e>]", "100": "cento[e>]",
            "200": "duzentos[e>]", "300": "trezentos[e>]", "400": "quatrocentos[e>]",
            "500": "quinhentos[e>]", "600": "seiscentos[e>]", "700": "setecentos[e>]",
            "800": "oitocentos[e>]", "900": "novecentos[e>]", "1000": "<mil[>]",
            "1000000": "<milhões[>]",
        },
        "ru": _listed(
            "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать "
            "тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать "
            "двадцать[>]"
        ) | {
            "30": "тридцать[>]", "40": "сорок[>]", "50": "пятьдесят[>]", "60": "шестьдесят[>]",
            "70": "семьдесят[>]", "80": "восемьдесят[>]", "90": "девяносто[>]", "100": "сто[>]",
            "200": "двести[>]", "300": "триста[>]", "400": "четыреста[>]", "500": "пятьсот[>]",
            "600": "шестьсот[>]", "700": "семьсот[>]", "800": "восемьсот[>]", "900": "девятьсот[>]",
            "1000": "<тысяч[>]", "1000000": "<миллионов[>]",
        },
        "zh": _listed("零 一 二 三 四 五 六 七 八 九 <十[>]") | {
            "100": "<百[>]", "1000": "<千[>]", "10000": "<万[>]", "100000000": "<亿[>]",
        },
        "ja": _listed("零 一 二 三 四 五 六 七 八 九 <十[>]") | {
            "100": "<百[>]", "1000": "<千[>]", "10000": "<万[>]", "100000000": "<億[>]",
        },
        "ko": _listed("영 일 이 삼 사 오 육 칠 팔 구 <십[>]") | {
            "100": "<백[>]", "1000": "<천[>]", "10000": "<만[>]", "100000000": "<억[>]",
        },
        "ko-counting": _listed("영 한 두 세 네 다섯 여섯 일곱 여덟 아홉 열[>]") | {
            "20": "스물[>]", "30": "서른[>]", "40": "마흔[>]", "50": "쉰[>]", "60": "예순[>]",
            "70": "일흔[>]", "80": "여든[>]", "90": "아흔[>]",
        },
        "hi": _listed(
            "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस "
            "बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस "
            "पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस "
            "सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरेपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ साठ "
            "इकसठ बासठ तिरेसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर "
            "पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी "
            "अट्ठासी नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे"
        ) | {"100": "<सौ[>]", "1000": "<हज़ार[>]", "100000": "<लाख[>]", "10000000": "<करोड़[>]"},
        "ar": _listed(
            "صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة أحدعشر اثناعشر ثلاثةعشر "
            "أربعةعشر خمسةعشر ستةعشر سبعةعشر ثمانيةعشر تسعةعشر [>و]عشرون"
        ) | {
            "30": "[>و]ثلاثون", "40": "[>و]أربعون", "50": "[>و]خمسون", "60": "[>و]ستون",
            "70": "[>و]سبعون", "80": "[>و]ثمانون", "90": "[>و]تسعون", "100": "مائة[و>]",
            "200": "مائتان[و>]", "300": "<مائة[و>]", "1000": "ألف[و>]", "2000": "ألفان[و>]",
            "3000": "<آلاف[و>]", "11000": "<ألف[و>]", "1000000": "<مليون[و>]",
        },
    }
)  # fmt: skip
"""Numbers from each one on: what stands before the brackets always, what stands in them where
something is left. `<` is how often it fits, `>` what is left; all words are joined."""
NUMERAL_VARIANTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        "en": (
            ("hundredand", "hundred"), ("thousand(?!and|$)", "thousandand"),
            ("^one(?=hundred|thousand)", "a"),
        ),
        "de": (
            ("eins(?=und|hundert|tausend)", "ein"), ("^ein(?=hundert|tausend)", ""),
            ("^einsmillionen", "einemillion"),
        ),
        "nl": (("(twee|drie)en(?=[a-z]{5})", r"\1ën"), ("^een(?=honderd|duizend)", "")),
        "fr": (
            ("(vingt|trente|quarante|cinquante)un$", r"\1etun"),
            ("soixanteun$", "soixanteetun"), ("soixanteonze$", "soixanteetonze"),
            ("^un(?=cent|mille$|mille[^m])", ""), ("([a-z]{3}cent|quatrevingt)$", r"\1s"),
        ),
        "es": (
            ("ciento$", "cien"), ("^unomil", "mil"), ("uno(?=mil)", "ún"),
            ("^unomillones", "unmillón"), ("uno$", "un"), ("uno$", "una"),
        ),
        "it": (
            ("[ai](?=uno|otto)", ""), ("^uno(?=cento)", ""), ("^unomila", "mille"),
            ("([ai])tre$", r"\1tré"), ("^unomilioni", "unmilione"),
        ),
        "pt": (
            ("cento$", "cem"), ("^ummil(?!h)", "mil"), ("mil(?!h)(?=.)", "mile"),
            ("dezesseis", "dezasseis"), ("dezessete", "dezassete"), ("dezenove", "dezanove"),
            ("um$", "uma"), ("dois$", "duas"), ("^ummilhões", "ummilhão"),
        ),
        "ru": (
            ("одинтысяч", "однатысяча"), ("дватысяч", "дветысячи"),
            ("(три|четыре)тысяч", r"\1тысячи"),
            ("^однатысяча", "тысяча"), ("один$", "одна"), ("два$", "две"),
        ),
        "zh": (("^一(?=十)", ""), ("二(?=[百千万亿])", "两"), ("^二$", "两"), ("零", "〇")),
        "ja": (("一(?=[十百千])", ""), ("零", "〇"), ("^零$", "ゼロ")),
        "ko": (("일(?=[십백천])", ""), ("^일만", "만"), ("^영$", "공")),
        "ko-counting": (
            ("한$", "하나"), ("두$", "둘"), ("세$", "셋"), ("네$", "넷"), ("스물$", "스무"),
        ),
        "hi": (("पाँच", "पांच"), ("^एक(?=सौ|हज़ार)", ""), ("छह", "छः")),
        "ar": (("ون(?=$)", "ين"), ("مائ", "مئ"), ("ثلاثةمائ", "ثلاثمائ"), ("عشرة$", "عشر")),
    }
)  # fmt: skip
"""What a number's words become when joined, by regular expression; each is another way to say it,
and the next is made of that too."""
DECIMAL_POINTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": ("point",), "de": ("komma",), "nl": ("komma",), "fr": ("virgule",),
        "es": ("coma", "punto"), "it": ("virgola",), "pt": ("vírgula", "ponto"),
        "ru": ("целых", "запятая"), "zh": ("点",), "ja": ("点",), "ko": ("점",),
        "hi": ("दशमलव",), "ar": ("فاصلة",),
    }
)  # fmt: skip
"""Between the whole and the parts, which are said digit by digit."""
GROUPED_BY_COMMA: Final = ("en", "zh", "ja", "ko", "hi", "th", "ar")
"""Where 1,000 is a thousand and 1.5 one and a half; elsewhere it is the other way round."""
ORDINALS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        "en": (
            ("one$", "first"), ("two$", "second"), ("three$", "third"), ("five$", "fifth"),
            ("eight$", "eighth"), ("nine$", "ninth"), ("twelve$", "twelfth"), ("y$", "ieth"),
            ("$", "th"),
        ),
        "de": (
            ("eins$", "erst"), ("drei$", "dritt"), ("sieben$", "siebt"), ("acht$", "acht"),
            ("(zig|ßig|hundert|tausend)$", r"\1st"), ("$", "t"),
        ),
        "nl": (
            ("een$", "eerste"), ("drie$", "derde"), ("(acht|tig|honderd|duizend)$", r"\1ste"),
            ("$", "de"),
        ),
        "fr": (
            ("^un$", "premier"), ("neuf$", "neuvième"), ("cinq$", "cinquième"), ("e$", "ième"),
            ("$", "ième"),
        ),
    }
)  # fmt: skip
"""How a number becomes the place in a row: the first regular expression that is found."""
ORDINAL_ENDINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"de": ("e", "en", "er", "es", "em"), "fr": ("", "s")}
)
"""What follows such a word; nothing in other languages."""
ORDINAL_SIGNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": ("st", "nd", "rd", "th"), "de": ("te", "ten", "ter", "ste", "sten", "ster"),
        "nl": ("e", "ste", "de"), "fr": ("er", "re", "e", "ème", "è"),
    }
)  # fmt: skip
"""What is written after the digits of such a number."""
