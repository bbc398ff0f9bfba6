"""Words: articles, capitals, gerunds, whose view a phrase takes, contractions, and the slips of people who type fast."""

import random
import re

DOUBLED = set(
    "reset set get put swap log stop program dim scan control free run hang cut shop plan trim plug tap wrap drop skip"
    " spin dig sit win begin submit permit refer transfer cancel map fit grip pin pop rub snap strip tip top unplug"
    " unwrap let split quit jog pet nap clip flip slip zip drag tag jam slam chop mop swim pot".split()
) - {"cancel", "control", "program"}
BRITISH = {"cancel", "control", "program", "travel", "model", "label"}


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def small(text: str) -> str:
    """Small first letter, unless the word is a name, an acronym or I."""
    word = text.split(" ", 1)[0].rstrip(".,:;!?")
    if word in ("I", "I'm", "I'll") or any(c.isupper() for c in word[1:]) or not word[:1].isalpha() or "-" in word:
        return text
    return text[:1].lower() + text[1:]


def article(noun: str) -> str:
    """The noun with a or an, by sound as far as spelling tells it."""
    word = noun.lower()
    vowel = word[:1] in "aeiou" and not re.match(r"(uni|use|euro|one|u[^aeiou]?[aeiou]t)", word)
    return ("an " if vowel or re.match(r"(hour|honest|x-|(sms|led)\b)", word) else "a ") + noun


def gerund(infinitive: str) -> str:
    """`bleed my radiator` -> `bleeding my radiator`. The first word is the verb."""
    verb, space, rest = infinitive.partition(" ")
    low = verb.lower()
    if low in ("factory", "power", "pre-order", "double-check") and rest:
        return verb + " " + gerund(rest) if low in ("factory", "power") else verb + "ing" + space + rest
    if low in DOUBLED:
        form = verb + verb[-1] + "ing"
    elif low in BRITISH:
        form = verb + "ing"
    elif low.endswith("ie"):
        form = verb[:-2] + "ying"
    elif low.endswith("e") and not low.endswith(("ee", "oe", "ye")) and low != "be":
        form = verb[:-1] + "ing"
    else:
        form = verb + "ing"
    # a second verb after "and" at the start of the rest takes the form too: "wash and dry" -> "washing and drying"
    if rest.startswith("and "):
        return form + " and " + gerund(rest[4:])
    return form + space + rest


VIEW = {
    "my": "your", "mine": "yours", "i": "you", "me": "you", "myself": "yourself", "am": "are", "our": "your",
    "we": "you", "us": "you", "i'm": "you're", "ours": "yours",
}  # fmt: skip


def to_company(phrase: str) -> str:
    """A customer's phrase as the company says it: `my tap drips when I cook` -> `your tap drips when you cook`."""
    phrase = re.sub(r"\bI was\b", "you were", phrase)

    def swap(match: re.Match) -> str:
        word = match[0]
        other = VIEW.get(word.lower(), word)
        return capital(other) if word[0].isupper() and word != "I" and not word.startswith("I'") else other

    return re.sub(r"\b[A-Za-z]+(?:'m)?\b", swap, phrase)


CONTRACTIONS = {
    "do not": "don't", "does not": "doesn't", "cannot": "can't", "it is": "it's", "you will": "you'll",
    "we are": "we're", "we will": "we'll", "I am": "I'm", "that is": "that's", "is not": "isn't", "are not": "aren't",
    "you are": "you're", "I will": "I'll", "did not": "didn't", "will not": "won't", "let us": "let's",
    "here is": "here's", "should not": "shouldn't", "there is": "there's", "what is": "what's",
}  # fmt: skip
CONTRACTIONS |= {capital(k): capital(v) for k, v in list(CONTRACTIONS.items())}
_CONTRACT = re.compile(r"\b(" + "|".join(sorted(CONTRACTIONS, key=len, reverse=True)) + r")\b(?![.?!,:;])")


def contract(text: str) -> str:
    return _CONTRACT.sub(lambda m: CONTRACTIONS[m[1]], text)


def sentence(text: str, end: str = ".") -> str:
    """Capital first letter, and a full stop if nothing ends it."""
    text = capital(text.strip())
    return text if text[-1:] in ".!?:" else text + end


def sentences(text: str) -> list[str]:
    """A text cut after its sentences."""
    return [s.strip() for s in re.split(r"(?<=[.!?])\s+", text.strip()) if s.strip()]


def slip(random: random.Random, question: str) -> str:
    """What a hurried person types: no capitals, no question mark, missing apostrophes, two letters swapped or one lost."""
    r = random.random()
    if r < 0.45:
        return question.lower().rstrip(".?!")
    if r < 0.6:
        return question.rstrip(".?!")
    if r < 0.7:
        return question.replace("do not", "dont").replace("does not", "doesnt").replace("cannot", "cant").lower()
    words = question.split(" ")
    long = [i for i, w in enumerate(words) if len(w) > 4 and w.isalpha() and w.islower()]
    if not long:
        return question.lower()
    i = random.choice(long)
    w, j = words[i], random.randrange(1, len(words[i]) - 2)
    words[i] = w[:j] + w[j + 1] + w[j] + w[j + 2 :] if random.random() < 0.5 else w[:j] + w[j + 1 :]
    return " ".join(words)


SMALL_WORDS = set(
    "a an the my your our i me we you it is are am do does did how what which when where why can could would should to"
    " of for on in at and or with if please help this that there be will have has from by".split()
)


def keywords(question: str) -> str:
    """The question as bare keywords: `How do I clean my grill?` -> `clean grill`."""
    words = [w for w in re.findall(r"[\w'-]+", question.lower()) if w not in SMALL_WORDS]
    return " ".join(words[:5]) or question


def shorten(text: str, most: int) -> str:
    """The first words of a sentence, cut before a small word so that no phrase is torn."""
    words = text.rstrip(".!?").split()
    if len(words) <= most:
        return " ".join(words)
    small_at = [i for i in range(2, most + 1) if words[i].lower() in SMALL_WORDS]
    cut = words[: small_at[-1] if small_at else most]
    while len(cut) > 1 and cut[-1].lower().rstrip(",") in SMALL_WORDS:
        cut.pop()
    return " ".join(cut).rstrip(",;:")
