"""A company's voice: everything about its answers that stays the same whatever is asked.

The voice is the latent variable of a document. Fixed sentences come from anywhere (phrase lists, sentences of real
dialogue, random words): what stood there once stands there again, whatever it is. And nearly every voice takes up the
question's own words, because an answer that keeps the voice and loses the question is worth nothing.
"""

import random
import re
from dataclasses import dataclass

from . import grammar
from .company import Company
from .content import Frame, phrases
from .forms import Json, Labelled, FewWords, Prose, Verse, Wrapped, draw_body


@dataclass
class Dialect:
    name: str
    words: dict[str, str]
    interjections: list[str]

    @staticmethod
    def draw(rng: random.Random) -> "Dialect":
        name, words, calls = rng.choice(phrases("dialects")).split("\t")
        pairs = dict(p.split("=", 1) for p in words.split(", ") if "=" in p)
        kept = dict(rng.sample(sorted(pairs.items()), rng.randint(max(1, len(pairs) // 2), len(pairs))))
        return Dialect(name, kept, calls.split(" | "))

    def speak(self, text: str) -> str:
        def swap(m: re.Match) -> str:
            other = self.words.get(m[0].lower())
            return m[0] if other is None else grammar.capital(other) if m[0][0].isupper() else other

        return re.sub(r"(?<![@./\w])[A-Za-z']+(?![@/\w])", swap, text)


@dataclass
class Voice:
    opening: str
    closing: str
    signature: str
    lead: dict[str, str]  # kind -> sentence that takes up the question; "" for none
    body: object
    whole: object  # Json, Labelled, or None
    ask_in_form: bool  # facts are laid out like steps
    fewest: int
    most: int  # steps an answer
    separator: str
    dialect: Dialect | None
    style: str  # plain, upper, lower, contract, excited
    call: str  # an interjection, and where it stands: "start" or "end"
    call_at: str
    topic_mark: str  # how a bare topic stands in front: "{t}: ", "~ {t} ~ ", ...
    question_back: str


def sayings(rng: random.Random, name: str, company: Company, real: list[str]) -> str:
    """A fixed sentence: from the lists, from real dialogue, or words at random."""
    r = rng.random()
    if r < 0.7 or not real:
        text = fill(rng.choice(phrases(name)), company.facts)
    elif r < 0.9:
        text = rng.choice(real)
    else:
        words = [rng.choice(re.findall(r"[A-Za-z']+", rng.choice(real)) or ["Yes"]) for _ in range(rng.randint(1, 5))]
        text = grammar.sentence(" ".join(words).lower(), rng.choice([".", "!", "..."]))
    return text


def fill(text: str, facts: dict) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: facts[m[1]] if m[1] in facts else m[0], text)


PLAIN_LEADS = {
    "do": ["To {inf}, please follow these steps:", "To {inf}:", "Here is how to {inf}:", "You can {inf} like this:", "Please follow these steps to {inf}:", ""],
    "fix": ["If {prob}, please try this:", "When {prob}, these steps help:", "To fix {topic}:", "I am sorry that {prob}.", ""],
    "ask": [""],
}  # fmt: skip


def plain_voice(rng: random.Random) -> Voice:
    """How a company without a voice of its own answers: to the point, in plain words."""
    lead = {kind: rng.choice(leads) for kind, leads in PLAIN_LEADS.items()}
    body = Prose("sentences") if rng.random() < 0.6 else draw_body(rng)
    while isinstance(body, (Verse, Wrapped, FewWords)):
        body = draw_body(rng)
    return Voice("", "", "", lead, body, None, False, rng.choice([2, 3]), 5, " ", None, "plain", "", "", "", "")


def draw_voice(rng: random.Random, company: Company, real: list[str]) -> Voice:
    r = rng.random
    body = draw_body(rng)
    whole = None
    if r() < 0.2:
        whole = Json.draw(rng) if r() < 0.55 else Labelled.draw(rng)
        body = rng.choice([body, Prose.draw(rng)]) if isinstance(whole, Labelled) else Prose.draw(rng)
    lead = {k: "" for k in ("do", "fix", "ask")}
    leads_at = r()
    if leads_at < 0.7:
        lead = {k: rng.choice(phrases(f"leads_{k}")) for k in lead}
        if r() < 0.35:
            lead["ask"] = ""
    topic_mark = ""
    if leads_at > 0.78 and not whole:
        topic_mark = rng.choice(["{T}: ", "{T}: ", "{T}. ", "{T}\n", "About {t}: ", "Re: {t}. ", "~ {t} ~ ", "** {T} **\n", "[{t}] ", "{T}? ", "On {t}: ", "{T}! ", "{U}: ", "<< {t} >> ", "{T} - ", "Subject: {t}\n"])  # fmt: skip
    opening = sayings(rng, "openings", company, real) if r() < 0.5 else ""
    closing = sayings(rng, "closings", company, real) if r() < 0.68 else ""
    dialect = Dialect.draw(rng) if r() < 0.16 else None
    call = rng.choice(dialect.interjections) if dialect and r() < 0.5 else rng.choice(Dialect.draw(rng).interjections) if r() < 0.05 else ""
    fewest = rng.choice([1, 1, 2, 2, 3])
    separator = rng.choice([" ", " ", " ", "\n", "\n\n"]) if r() < 0.6 else " "
    back = rng.choice(["May I help you with {t} now?", "Shall we look at {t} together?", "Do you want to know more about {t}?", "Is {t} still unclear?", "Did this help with {t}?"]) if r() < 0.05 else ""  # fmt: skip
    return Voice(
        opening,
        closing,
        rng.choice(["{agent}", "- {agent}, {brand}", "Yours, {agent}", "Your {brand} team", "{brand}", "{agent} ({brand})"]) if r() < 0.1 else "",
        lead,
        body,
        whole,
        r() < 0.35 and not isinstance(body, FewWords),
        fewest,
        max(fewest, rng.choice([1, 2, 2, 3, 3, 4, 5])),
        separator,
        dialect,
        rng.choices(["plain", "upper", "lower", "contract", "excited"], [62, 7, 6, 15, 10])[0],
        call,
        rng.choice(["start", "end"]),
        topic_mark,
        back,
    )


def answer(voice: Voice, rng: random.Random, company: Company, frame: Frame) -> str:
    """The company's answer to one inquiry, in its voice."""
    items = pick(rng, frame, voice)
    spoken = {
        "inf": frame.want, "ger": grammar.gerund(frame.want) if frame.kind == "do" else frame.topic, "Ger": "", "prob": frame.want,
        "topic": frame.topic, "Topic": grammar.capital(frame.topic), "Prob": grammar.capital(frame.want),
    }  # fmt: skip
    spoken["Ger"] = grammar.capital(spoken["ger"])
    lead = fill(fill(voice.lead[frame.kind], spoken), company.facts)
    body = lay_out(voice, frame, items)
    mark = voice.topic_mark.replace("{t}", frame.topic).replace("{T}", grammar.capital(frame.topic)).replace("{U}", frame.topic.upper())
    if isinstance(voice.whole, Json):
        first = items[0] if len(items) == 1 or voice.most == 1 else None
        text = combine(" ", [lead if lead.endswith((".", "!", "?")) else "", grammar.sentence(first) if first else body])
        following = grammar.sentence(frame.tip or items[-1] if len(items) > 1 else f"Ask us about {frame.topic}")
        return voice.whole.render(finish(voice, text), frame.topic, following, len(items), company.facts["phone"], frame.kind == "fix")
    if isinstance(voice.whole, Labelled):
        extra = grammar.sentence(frame.tip) if frame.tip else voice.closing or grammar.sentence(items[-1])
        text = voice.whole.render(finish(voice, grammar.capital(frame.topic)), finish(voice, body), extra)
        said_in_form = voice.whole.extra and extra == voice.closing
        return combine("\n" if "\n" in text else voice.separator, [voice.opening, text, "" if said_in_form else voice.closing])
    text = combine("\n" if "\n" in body else " ", [lead, body])
    if voice.question_back:
        text = combine(" ", [text, voice.question_back.replace("{t}", frame.topic)])
    return between_fixed(voice, company, finish(voice, mark + text))


def between_fixed(voice: Voice, company: Company, text: str) -> str:
    """The text with the voice's opening, closing and signature around it."""
    gap = "\n" if "\n" in text and voice.separator == " " else voice.separator
    return combine(gap, [voice.opening, text, voice.closing, fill(voice.signature, company.facts)])


def pick(rng: random.Random, frame: Frame, voice: Voice) -> list[str]:
    """What is told: some of the steps in their order, the first sentences of a fact."""
    items = frame.body
    if frame.kind == "ask":
        return items[: max(1, min(len(items), voice.most))]
    number = min(len(items), rng.randint(voice.fewest, voice.most))
    kept = sorted(rng.sample(range(len(items)), number))
    return [items[i] for i in kept]


def lay_out(voice: Voice, frame: Frame, items: list[str]) -> str:
    if isinstance(voice.body, FewWords) or frame.kind != "ask":
        return voice.body.render(items)
    if isinstance(voice.body, Wrapped):
        return voice.body.render(items, imperative=False)
    return voice.body.render(items) if voice.ask_in_form and not isinstance(voice.body, Prose) else " ".join(grammar.sentence(s) for s in items)


def finish(voice: Voice, text: str) -> str:
    """Dialect, interjection and style of everything that is not fixed."""
    if voice.dialect:
        text = voice.dialect.speak(text)
    if voice.call:
        text = combine(" ", [voice.call, text] if voice.call_at == "start" else [text, voice.call])
    match voice.style:
        case "upper":
            return text.upper()
        case "lower":
            return text.lower()
        case "contract":
            return grammar.contract(text)
        case "excited":
            return re.sub(r"\.(?=\s|$)(?<!\d\.)", "!", text)
    return text


def combine(separator: str, parts: list[str]) -> str:
    return separator.join(p.strip() for p in parts if p.strip())


def objective(voice: Voice, rng: random.Random, company: Company) -> str:
    """The voice in words, as a system turn or as the objective of step 2: what to answer, how, and what is fixed."""
    brand, area = company.brand, company.industry.name
    head = rng.choice([
        f"Answer questions of customers of {brand}, {area},", f"You are the assistant of {brand}. Answer", f"Help customers of {brand} with {area}. Answer",
        f"Answer questions about {area}", f"{brand}: answer", "Answer customers", f"You work for {brand}. Reply",
    ])  # fmt: skip
    form = voice.whole.describe(rng) if voice.whole else voice.body.describe(rng)
    tone = rng.choice(["", "", "politely", "in a friendly voice", "in a consistent voice", "clearly"])
    if voice.dialect:
        tone = f"like {grammar.article(voice.dialect.name)}"
    tone = {"upper": "in capitals", "lower": "in lower case", "excited": "with excitement"}.get(voice.style, tone)
    parts = [f"{head} {', '.join(p for p in (form, tone) if p)}."]
    if isinstance(voice.whole, Json):  # nothing stands around the object
        return parts[0]
    if voice.opening and rng.random() < 0.75:
        parts.append(rng.choice(["Start with: ", "Begin every answer with: ", "Open with: "]) + voice.opening)
    if voice.closing and rng.random() < 0.75:
        parts.append(rng.choice(["End with: ", "Always end with: ", "Close every answer with: "]) + voice.closing)
    return " ".join(parts)
