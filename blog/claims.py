"""Words that a massage business may not say of its work: a warning for the writer, never a refusal.

Source of the rule: California's Business and Professions Code 4600 and following leaves diagnosis and treatment to
licensed health care, and the FTC Act asks for proof of every claim about health.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.utils.text import Truncator

from massagerx.lib.html import plain_text

# What a session may be said to do for how somebody feels; for the body's workings it would be a promise.
_WORKINGS = (
    r"(?:circulation|blood flow|lymph(?:atic)? (?:flow|drainage|function)|immun\w+|metabolism|"
    r"digestion|sleep quality|organ function|range of motion|(?:overall |general )?(?:health|wellness|well-?being))"
)
_COMPLAINTS = (
    r"(?:swell\w*|(?:lymph)?o?edema|inflammation|pain|aches?|scars?|scar tissue|cellulite|anxiety|depression|"
    r"migraines?|headaches?|fluid retention|blood pressure)"
)
#: Of a longer sentence the writer is shown the beginning, in letters.
LONGEST_SENTENCE = 300
#: Nobody reads more warnings, and no text may take longer to check than to write.
MOST, MOST_LOOKED_AT = 20, 500
# Each with word borders around it: "retreat", "secure", "manicure" and "healthy" are none.
_CLAIMS = (
    r"treat(?:s|ed|ing|ments?)?",
    r"cur(?:e|es|ed|ing|ative)",
    r"heal(?:s|ed|ing|er)?",
    r"detox\w*",
    r"toxins?",
    r"diagnos(?:e|es|ed|ing|is|tic)",
    r"remed(?:y|ies)",
    r"miracles?",
    r"guarantee(?:s|d)?",
    r"(?:clinically|medically|scientifically) proven",
    r"prevent(?:s|ed|ing)?",
    r"rehabilitat\w+",
    rf"(?:reduc|reliev|eliminat|remov|dissolv|shrink|diminish)(?:e|es|ed|ing|s)?(?:\W+\w+){{0,3}}?\W+{_COMPLAINTS}",
    rf"(?:gets?|getting) rid of(?:\W+\w+){{0,3}}?\W+{_COMPLAINTS}",
    rf"(?:boost|improv|increas|enhanc|strengthen|stimulat|promot|restor|speed|optimiz)(?:e|es|ed|ing|s)?(?:\W+\w+){{0,2}}?\W+"
    rf"{_WORKINGS}",
    r"(?:speed|shorten)(?:s|ed|ing)?(?: up)?(?:\W+\w+){0,2}?\W+(?:recovery|healing)",
    r"(?:immediate|instant|fast|quick|lasting|permanent|total|complete)(?:\W+pain)?\W+relief",
    r"(?:pain|stress|migraine|headache)\W+relief",
    r"relief (?:from|of)(?:\W+\w+){0,2}?\W+(?:pain|swelling|symptoms?|headaches?|migraines?|lymphedema)",
    r"flush(?:es|ed|ing)?(?:\W+\w+){0,2}?\W+(?:waste|fluids?)",
    r"(?:los(?:e|es|ing)|burn(?:s|ing)?)(?:\W+\w+){0,2}?\W+(?:weight|fat)",
    r"weight loss",
)
_CLAIM = re.compile(rf"(?<![\w-])(?=[a-z])(?:{'|'.join(_CLAIMS)})(?![\w-])", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?…]+(?:[.!?…]+[\"”’')\]]*|$)")
_BLOCK_END = re.compile(r"</(?:p|h[1-6]|li|blockquote|figcaption)>")
# "does not cure", "we never diagnose", "no miracle": said just before, it is the right thing to say.
_DENIAL = re.compile(
    r"(?:\b(?:not|never|no|nor|without|cannot|nobody)\b|n[’']t\b)(?:\W+\w+){0,5}\W*$", re.IGNORECASE
)
# What others do may be said: "a doctor can diagnose".
_OTHERS = re.compile(
    r"\b(?:doctors?|physicians?|surgeons?|nurses?|dentists?|hospitals?)\b(?:\W+\w+){0,4}\W*$", re.IGNORECASE
)
# "a treat", "treat yourself", "treated with respect" speak of no illness.
_PLEASURE = re.compile(r"\b(?:a|our|your|little|special|real)\s+treat$", re.IGNORECASE)
_MANNERS = re.compile(
    r"treat(?:ed|s|ing)?\s+(?:yourself|myself|themselves|everyone|every|each|with (?:care|respect|kindness)|like)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """`words` as they stand in the text, and the sentence around them."""

    words: str
    sentence: str


def find_claims(texts: Iterable[str]) -> list[Claim]:
    """What in the `texts` (HTML or plain) a reader could take for a medical promise, in order, each sentence and word
    once; of more than `MOST` the first, and no further than `MOST_LOOKED_AT` words that could be one."""
    found: dict[Claim, None] = {}
    for sentence, words in islice(_candidates(texts), MOST_LOOKED_AT):
        if len(found) == MOST:
            break
        if not _is_harmless(sentence, words):
            found[Claim(words[0], Truncator(sentence).chars(LONGEST_SENTENCE))] = None
    return list(found)


def _candidates(texts: Iterable[str]) -> Iterator[tuple[str, re.Match[str]]]:
    """Each sentence with each word in it that could be a claim."""
    for text in texts:
        for block in _BLOCK_END.split(text):
            plain = plain_text(block)
            if _CLAIM.search(plain):
                for match in _SENTENCE.finditer(plain):
                    sentence = match[0].strip()
                    for words in _CLAIM.finditer(sentence):
                        yield sentence, words


def _is_harmless(sentence: str, claim: re.Match[str]) -> bool:
    # A few words are enough, and a text without a full stop must not be read again for each of its words.
    before = sentence[max(0, claim.start() - 80) : claim.start()]
    return bool(
        _DENIAL.search(before)
        or _OTHERS.search(before)
        or _PLEASURE.search(before + claim[0])
        or _MANNERS.match(sentence, claim.start())
    )
