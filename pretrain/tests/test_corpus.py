"""The generator: nothing unfilled, articles and capitals right, and what a document must keep constant.

    python3 -m unittest discover pretrain/tests        (standard library only; tests of the model need PyTorch)
"""

import collections
import json
import random
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from corpus import content, crossing, forms, grammar, recast, written
from corpus.company import make_company
from corpus.generate import Material, Setting, document
from corpus.voice import answer, objective

NOTHING_REAL = Material([], [])
JUDGES = [json.loads(p.read_text()) for p in (content.CONTENT.parent / "companies").glob("*.json")]
FIXED = {c["value"] for j in JUDGES for c in j["checks"] if c["kind"] in ("starts_with", "ends_with", "contains")}
FIXED -= {"About ", "shall"}  # words that any company may say


def settings(count: int, voiced: float, seed: str = "test") -> list[tuple[random.Random, Setting]]:
    rng = random.Random(seed)
    return [(rng, Setting.draw(rng, NOTHING_REAL, voiced)) for _ in range(count)]


class Content(unittest.TestCase):
    def test_there_is_enough_of_everything(self):
        intents = [i for industry in content.industries() for i in industry.intents]
        self.assertGreaterEqual(len(content.industries()), 70)
        self.assertGreaterEqual(len(intents), 2000)
        self.assertGreaterEqual(len(content.phrases("openings")), 250)
        self.assertGreaterEqual(len(content.phrases("closings")), 400)
        self.assertGreaterEqual(len(content.phrases("dialects")), 40)
        rng = random.Random(0)
        marks = {(type(f).__name__, str(f)) for f in (forms.draw_body(rng) for _ in range(4000))}
        self.assertGreaterEqual(len(marks), 100, "ways to lay out steps")
        brands = {make_company(rng).brand for _ in range(4000)}
        self.assertGreaterEqual(len(brands), 2000)

    def test_no_phrase_is_listed_twice(self):
        for path in (content.CONTENT / "phrases").glob("*.txt"):
            lines = content.phrases(path.stem)
            self.assertEqual([l for l, n in collections.Counter(lines).items() if n > 1], [], path.name)

    def test_the_industries_of_the_test_companies_have_no_content_file(self):
        words = {"air", "airline", "bank", "banking", "bicycle", "bike", "book", "books", "bookshop", "cloud", "garden", "health", "hospital", "lamp",
                 "law", "legal", "lighting", "parking", "software", "toy", "toys"}  # fmt: skip
        industries = {j["industry"] for j in JUDGES if j["split"] == "test"}
        self.assertEqual([i for i in industries if not words & set(i.split())], [], "each has its word above")
        self.assertEqual([i.id for i in content.industries() if words & set(i.id.split("_")) and i.id != "food_bank"], [])

    def test_no_phrase_has_a_fixed_sentence_of_the_judging_companies(self):
        for path in (content.CONTENT / "phrases").glob("*.txt"):
            text = path.read_text()
            self.assertEqual([f for f in FIXED if f in text], [], path.name)


class Texts(unittest.TestCase):
    def texts(self) -> list[tuple[str, str]]:
        found = []
        for rng, setting in settings(1200, voiced=0.0):
            for _ in range(3):
                found += zip(("user", "assistant"), setting.pair(rng))
        return found

    def test_no_slot_is_left_unfilled(self):
        for rng, setting in settings(1500, voiced=0.7):
            for text in setting.pair(rng) + setting.small_talk(rng):
                self.assertIsNone(re.search(r"\{\w+\}", text), text)
                if not text.lstrip().startswith("{") and "{" in text:
                    self.assertIsInstance(json.loads(text[text.index("{") : text.rindex("}") + 1]), dict, text)

    def test_articles_fit_the_next_word(self):
        wrong = re.compile(r"\b([Aa] (?:[aeiou]\w+)|[Aa]n (?:[bcdfgjklmnpqrstvwxyz]\w+))")
        fine = re.compile(r"[Aa] (one|uni|use|usual|euro|uk|urine)|[Aa]n (hour|honest|heir|sms|mp3|led|x)", re.IGNORECASE)
        found = [m[0] for _, text in self.texts() for m in wrong.finditer(text) if not fine.match(m[0])]
        self.assertEqual(collections.Counter(found), {})

    def test_plain_sentences_are_clean(self):
        wrong = re.compile(r"  |\.\.(?!\.)|,,|\?\.|,\.|:\.| [.,!?](?!\w)|\b(your|the|you|a|to) \1\b|\byou am\b|\bI are\b|[^\x00-\x7f]")
        signs = ("\n! ", " ... ")  # forms whose marks look like slips
        found = [(m[0], text) for _, text in self.texts() if not any(s in text for s in signs) for m in wrong.finditer(text)]
        self.assertEqual(found[:10], [])

    def test_plain_answers_begin_with_a_capital(self):
        for role, text in self.texts():
            if role == "assistant":
                self.assertRegex(text, r"^([A-Z0-9\W]|[ao]\W)")  # lists may begin with a) or o

    def test_the_answer_is_in_the_company_view(self):
        wrong = re.compile(r"\b(my|mine|me)\b")
        found = [t for role, t in self.texts() if role == "assistant" and wrong.search(t)]
        self.assertLess(len(found) / len(self.texts()), 0.003, found[:10])


class Constancy(unittest.TestCase):
    def test_facts_are_constant_in_a_document(self):
        for rng, setting in settings(300, voiced=0.5):
            text = "\n".join(setting.pair(rng)[1] for _ in range(12)).lower()
            self.assertLessEqual(len(set(re.findall(r"[a-z]+@[\w.]+\w", text))), 1)
            self.assertLessEqual(len(set(re.findall(r"555-?\)? ?0?\d{3,4}|555 0\d+", text))), 1, text)

    def test_fixed_sentences_stand_in_every_answer(self):
        checked = 0
        for rng, setting in settings(600, voiced=1.0):
            voice = setting.voice
            if not isinstance(voice.whole, forms.Json):
                for _ in range(4):
                    text = setting.pair(rng)[1]
                    self.assertTrue(text.startswith(voice.opening.strip()), (voice.opening, text))
                    self.assertIn(voice.closing.strip(), text)
                    checked += bool(voice.whole)
        self.assertGreater(checked, 100, "labelled ones")

    def test_an_objective_promises_only_fixed_sentences_that_come(self):
        promised = 0
        for rng, setting in settings(1500, voiced=1.0):
            voice, text = setting.voice, objective(setting.voice, rng, setting.company)
            said = setting.pair(rng)[1]
            for sentence in (voice.opening, voice.closing):
                if len(sentence) > 12 and text.endswith(sentence):
                    self.assertIn(sentence.strip(), said)
                    promised += 1
        self.assertGreater(promised, 300)

    def test_json_answers_parse_and_keep_their_keys(self):
        checked = 0
        for rng, setting in settings(1500, voiced=1.0):
            if isinstance(setting.voice.whole, forms.Json):
                keys = [k for k, _ in setting.voice.whole.fields]
                for _ in range(3):
                    self.assertEqual(list(json.loads(setting.pair(rng)[1])), keys)
                    checked += 1
        self.assertGreater(checked, 100)

    def test_most_voices_take_up_the_topic(self):
        took = total = 0
        for rng, setting in settings(800, voiced=1.0):
            frame = setting.company.frame(rng, rng.choice(setting.company.intents))
            text = answer(setting.voice, rng, setting.company, frame).lower()
            words = {w[:5] for w in re.findall(r"[a-z]{4,}", (frame.want + " " + frame.topic).lower())}
            took += any(w in text for w in words)
            total += 1
        self.assertGreater(took / total, 0.9)

    def test_a_seed_gives_the_same_document(self):
        one = [document(random.Random(s), NOTHING_REAL) for s in range(20)]
        two = [document(random.Random(s), NOTHING_REAL) for s in range(20)]
        self.assertEqual(one, two)
        self.assertNotEqual(one[0], one[1])


class Crossing(unittest.TestCase):
    def frames(self) -> list[tuple[content.Frame, content.Frame]]:
        """(as written, crossed)"""
        found = []
        for rng, setting in settings(1500, voiced=0.0, seed="crossing"):
            frame = setting.company.frame(rng, rng.choice(setting.company.intents))
            found.append((frame, crossing.crossed(rng, frame, setting.company.facts)))
        return found

    def test_most_frames_that_name_a_noun_are_changed(self):
        pairs = [(a, b) for a, b in self.frames() if crossing.NOUN.search(a.question or a.wanted)]
        self.assertGreater(len(pairs), 500)
        self.assertGreater(sum(a != b for a, b in pairs) / len(pairs), 0.7)

    def test_a_new_noun_stands_in_the_question_and_in_what_is_answered(self):
        exchanged = 0
        for a, b in self.frames():
            asked, told = b.question or b.wanted, " ".join([b.want, b.topic, *b.body, b.tip]).lower()
            for word in set(re.findall(r"[a-z]{3,}", asked.lower())) - set(re.findall(r"[a-z]{3,}", (a.question or a.wanted).lower())):
                if word[:4] not in {v[:4] for v in crossing.verbs()}:
                    exchanged += 1
                    self.assertIn(word[:-1], told, (a, b))
        self.assertGreater(exchanged, 500)

    def test_no_slot_is_left_and_articles_fit(self):
        for _, b in self.frames():
            text = " ".join([b.question, b.wanted, b.want, b.topic, *b.body, b.tip])
            self.assertNotIn("{", text)
            self.assertIsNone(re.search(r"\b[Aa] (?=[aeio])(?!one|euro)|\b[Aa]n (?!led\b)(?=[bcdfgjklmnpqrstvwz])", text), text)

    def test_exchanging_a_word(self):
        self.assertEqual(crossing.exchange("An oven. Ovens and the oven-glove", "oven", "kettle"), "A kettle. Ovens and the oven-glove")
        self.assertEqual(crossing.exchange("a lamp for my lamp", "lamp", "umbrella"), "an umbrella for my umbrella")


class Written(unittest.TestCase):
    def test_every_company_has_an_objective_and_different_questions(self):
        self.assertGreaterEqual(len(written.companies()), 1300)
        self.assertEqual(len({c.name for c in written.companies()}), len(written.companies()))
        for company in written.companies():
            questions, answers = zip(*company.pairs)
            self.assertGreaterEqual(len(company.pairs), 12, company.name)
            self.assertEqual(len(set(questions)), len(questions), company.name)
            self.assertEqual(len(set(answers)), len(answers), company.name)
            self.assertTrue(company.objective.isascii() and "".join(questions + answers).isascii(), company.name)

    def test_json_answers_parse_and_keep_their_keys(self):
        checked = 0
        for company in written.companies():
            if all(a.startswith("{") for _, a in company.pairs):
                self.assertEqual(len({tuple(json.loads(a)) for _, a in company.pairs}), 1, company.name)
                checked += 1
        self.assertGreater(checked, 5)

    def test_nothing_of_the_judging_companies_is_in_them(self):
        answers = {r["output"] for j in JUDGES for r in j["examples"] + j["unseen"]}
        names = {j["name"].split(",")[0] for j in JUDGES}
        keys = [sorted(c["value"]) for j in JUDGES for c in j["checks"] if c["kind"] == "json_keys"]
        self.assertEqual(len(keys), 3)
        for company in written.companies():
            self.assertNotIn(company.name, names)
            self.assertEqual({a for _, a in company.pairs} & answers, set())
            text = company.objective + "\n" + "\n".join(a for _, a in company.pairs)
            self.assertEqual([f for f in FIXED | {"Cause:"} if f.strip() in text], [], company.name)
            if company.pairs[0][1].startswith("{"):
                self.assertNotIn(sorted(json.loads(company.pairs[0][1])), keys, company.name)

    def test_what_a_company_always_says_is_never_crossed(self):
        rng, crossed = random.Random(1), 0
        soap = written.Written("Soap Works", "Answer.", [(f"Is the soap {n} mild?", f"Hello from the Soap Works! The soap {n} is mild.") for n in range(4)])
        tents = written.Written("Tents", "Answer.", [(f"Is the tent {n} dry?", f"Hello from the hills! The tent {n} is dry.") for n in range(4)])
        for _ in range(20):
            self.assertEqual(written.crossed_pair(rng, *soap.pairs[0], soap.fixed), soap.pairs[0])
            _, answer = written.crossed_pair(rng, *tents.pairs[0], tents.fixed)
            self.assertTrue(answer.startswith("Hello from the hills! "), answer)
            crossed += answer != tents.pairs[0][1]
        self.assertEqual(crossed, 20)

    def test_a_crossed_pair_has_its_new_noun_on_both_sides(self):
        rng, changed = random.Random(0), 0
        for company in written.companies():
            for pair in company.pairs:
                question, answer = written.crossed_pair(rng, *pair)
                if (question, answer) != pair:
                    changed += 1
                    new = set(re.findall(r"[a-z-]+", question.lower())) - set(re.findall(r"[a-z-]+", pair[0].lower())) - {"a", "an"}
                    self.assertTrue(all(w in answer.lower() for w in new), (pair, question, answer))
        self.assertGreater(changed, 100)


class Recasting(unittest.TestCase):
    COMPANY = written.Written(
        "Test Tents",
        "Answer shortly.",
        [(f"How do I dry tent {n}?", f"Thanks for asking! Tent {n} dries in the sun.\n- Hang it up.\n- Wait {n} hours.\nSleep well.") for n in range(1, 20)],
    )

    def test_what_is_fixed_is_taken_off_and_steps_lose_their_marks(self):
        said = recast.take_apart(self.COMPANY)
        self.assertEqual(said[0], recast.Said("How do I dry tent 1?", ["Tent 1 dries in the sun."], ["Hang it up.", "Wait 1 hours."]))
        self.assertEqual(len(said), 19)

    def test_forms_of_their_own_are_left_alone(self):
        for answer in ('{{"a": "Tent {n} dries."}}', "Tent: {n}\nDries: in the sun", "TENT {n} DRIES IN THE SUN", "tent {n} dries in the sun"):
            pairs = [(q, answer.format(n=i)) for i, (q, _) in enumerate(self.COMPANY.pairs)]
            self.assertEqual(recast.take_apart(written.Written("Test", "Test.", pairs)), [], answer)

    def test_hundreds_of_written_companies_can_be_taken_apart(self):
        self.assertGreater(len(recast.sources()), 200)

    def test_a_question_asked_again_has_the_same_answer(self):
        rng = random.Random(3)
        for source in recast.sources()[:60]:
            setting = recast.Recast.of(rng, NOTHING_REAL, source)
            for said in setting.said[:3]:
                self.assertEqual(setting.in_voice(said), setting.in_voice(said))

    def test_what_is_said_stays_said_in_prose(self):
        rng, kept = random.Random(4), []
        for source in recast.sources()[:150]:
            setting = recast.Recast.of(rng, NOTHING_REAL, source)
            for said in setting.said[:3]:
                words = set(grammar.keywords(said.sentences[0] if said.sentences else said.steps[0]).split())
                answer = setting.in_voice(said).lower()
                kept.append(sum(w in answer for w in words) / len(words))
        self.assertGreater(sum(kept) / len(kept), 0.75)


class Grammar(unittest.TestCase):
    def test_gerunds(self):
        for verb, form in [("bleed my radiator", "bleeding my radiator"), ("make tea", "making tea"), ("set a date", "setting a date"),
                           ("cancel it", "canceling it"), ("see the menu", "seeing the menu"), ("tie a knot", "tying a knot")]:  # fmt: skip
            self.assertEqual(grammar.gerund(verb), form)

    def test_the_view_changes(self):
        self.assertEqual(grammar.to_company("my tap drips when I cook for me"), "your tap drips when you cook for you")
        self.assertEqual(grammar.to_company("I am late and we lost our keys"), "you are late and you lost your keys")

    def test_articles(self):
        for noun, text in [("hour", "an hour"), ("uniform", "a uniform"), ("oven", "an oven"), ("one-way ticket", "a one-way ticket")]:
            self.assertEqual(grammar.article(noun), text)

    def test_a_small_first_letter_keeps_names(self):
        self.assertEqual(grammar.small("I see"), "I see")
        self.assertEqual(grammar.small("Wi-Fi works"), "Wi-Fi works")
        self.assertEqual(grammar.small("Turn it"), "turn it")

    def test_shortening_tears_no_phrase(self):
        self.assertEqual(grammar.shorten("Ask when the food comes", 3), "Ask")
        self.assertEqual(grammar.shorten("Rinse your brush", 5), "Rinse your brush")


if __name__ == "__main__":
    unittest.main()
