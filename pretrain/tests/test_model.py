"""The model, the tuning and the training against transformers and against themselves. Needs requirements.txt."""

import argparse
import sys
import tempfile
import unittest
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parent.parent))

import average
import checkpoint
import companies
import device
import eight_bits
import practise
import prompt_tuning
import train
from chat import Chat, Example, Rows
from corpus import written
from generation import answers
from lessons import KNOWN_WEIGHT, Lesson, Plan, School
from model import Config, Llama
from prompt_tuning import Settings

BUNDLED = Path(__file__).parents[2] / "www" / "models" / "bundled"


class Bundled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from transformers import AutoModelForCausalLM

        cls.model, tokenizer = checkpoint.load(BUNDLED)
        cls.model.requires_grad_(False)
        cls.chat = Chat(tokenizer)
        cls.reference = AutoModelForCausalLM.from_pretrained(BUNDLED, dtype=torch.float32)
        cls.case = companies.load("chapter")[0]

    def examples(self, company, count=4):
        return [self.chat.example(e["input"], e["output"]) for e in company.examples[:count]]

    def test_a_start_with_the_same_tokenizer_is_the_model_itself(self):
        tokenizer = self.chat.tokenizer
        started = checkpoint.load_for(BUNDLED, tokenizer)
        self.assertTrue(torch.equal(started.embed_tokens.weight, self.model.embed_tokens.weight))
        ids = torch.tensor([tokenizer.encode("Reset the hub").ids])
        self.assertTrue(torch.equal(started.loss(ids), self.model.loss(ids)))

    def test_logits_are_those_of_transformers(self):
        ids = torch.tensor([self.examples(self.case)[0].ids])
        ours = self.model.logits(self.model.hidden(self.model.embed_tokens(ids)))
        self.assertLess((ours - self.reference(ids).logits).abs().max().item(), 1e-4)

    def test_greedy_answers_are_those_of_transformers(self):
        questions = [self.chat.question(u["input"]) for u in self.case.unseen[:3]]
        prompt = self.model.embed_tokens.weight[10:30]
        for penalty in (1.0, 1.3):
            ours = answers(self.model, [None, prompt, None], questions, self.chat.end, penalty, longest=12)
            for prompt_of_row, question, found in zip([None, prompt, None], questions, ours):
                rows = self.model.embed_tokens.weight[torch.tensor(question)]
                rows = rows if prompt_of_row is None else torch.cat((prompt_of_row, rows))
                # what transformers counts as written starts with the answer, since the question comes as embeddings
                expected = self.reference.generate(
                    inputs_embeds=rows[None], max_new_tokens=12, do_sample=False, repetition_penalty=penalty, eos_token_id=self.chat.end, pad_token_id=0
                )  # fmt: skip
                self.assertEqual(found, [t for t in expected[0].tolist() if t != self.chat.end][: len(found)])
                self.assertGreater(len(found), 3)

    def test_what_is_kept_is_the_mean_from_the_lowest_held_out_loss_on(self):
        settings = Settings(num_virtual_tokens=4, steps=12, batch_size=2, eval_every=3, learning_rate=0.1)
        listed = [c for c in companies.load("dev") if c.id in ("coffee", "plumber")]
        held_out = [[self.chat.example(e["input"], e["output"]) for e in c.examples[8:]] for c in listed]
        first = prompt_tuning.first_prompts(self.model, [self.chat.plain(c.objective) for c in listed], 4)
        kept = prompt_tuning.KeptPrompt(self.model, held_out, settings, first)
        seen = [(0, first, kept.lowest.clone())]

        def report(step, losses, prompts):
            kept(step, losses, prompts)
            if (step + 1) % 3 == 0:
                seen.append((step + 1, prompts.clone(), kept.evaluate(prompts)))

        tuned = prompt_tuning.tune(self.model, first, [self.examples(c) for c in listed], settings, report)
        torch.manual_seed(0)
        for step, noise in ((14, 0.01), (17, 0.02), (20, 1.0), (23, 0.05)):  # as a prompt that swings, once far away
            report(step, None, tuned + noise * torch.randn_like(tuned))
        self.assertEqual([step for step, _, _ in seen], [0, 3, 6, 9, 12, 15, 18, 21, 24])
        left_out = 0
        for i, (step, count) in enumerate(zip(kept.steps.tolist(), kept.counts.tolist())):
            limit = min(losses[i].item() for _, _, losses in seen) * (1 + prompt_tuning.NEAR_LOWEST)
            self.assertEqual(step, min(seen, key=lambda s: s[2][i].item())[0])
            near = []
            for _, prompts, losses in (s for s in seen if s[0] >= step and s[2][i].item() <= limit):
                mean = first.clone()
                mean[i] = torch.stack([*near, prompts[i]]).mean(0)
                if kept.evaluate(mean)[i].item() <= limit:
                    near.append(prompts[i])
            self.assertEqual(count, len(near))
            self.assertLess((kept.prompts[i] - torch.stack(near).mean(0)).abs().max().item(), 1e-6)
            left_out += sum(s >= step for s, _, _ in seen) - count
        self.assertTrue(all(kept.steps > 0) and any(kept.counts > 1) and left_out, (kept.steps, kept.counts, left_out))

    def test_a_near_prompt_whose_mean_with_the_others_is_far_is_left_out(self):
        settings, first = Settings(num_virtual_tokens=1, eval_every=1), torch.zeros(2, 1, 1)
        # a loss with two valleys: at 0 and at 2, and a hill between them; the second company's has no hill
        losses = lambda p: 1 + torch.stack(((p[0] * (p[0] - 2)).abs().sum(), 0 * p[1].sum()))  # noqa: E731
        with mock.patch.object(prompt_tuning.KeptPrompt, "evaluate", lambda _, prompts: losses(prompts)):
            kept = prompt_tuning.KeptPrompt(self.model, [self.examples(self.case)] * 2, settings, first)
            kept(0, None, torch.full((2, 1, 1), 2.0))
        self.assertEqual((kept.counts.tolist(), kept.prompts.flatten().tolist()), ([1, 2], [0.0, 1.0]))

    def test_a_weight_makes_the_questions_words_count_more(self):
        ids = self.chat.question("Can I bring my dog?")
        example = self.chat.example_with_words("Can I bring my dog?", "Dogs may come, if you bring a towel.", ["bring", "dog"])
        self.assertEqual("".join(self.chat.text([example.ids[i]]) for i in example.taken_up), "Dogs bring")
        rows, none = Rows.of([example], [0]), torch.zeros(1, 0, self.model.config.hidden_size)
        (plain,), (count,) = prompt_tuning.row_losses(self.model, none, rows)
        (weighted,), (weights,) = prompt_tuning.row_losses(self.model, none, rows, word_weight=3)
        logits = self.model.logits(self.model.hidden(self.model.embed_tokens(torch.tensor([example.ids]))))[0]
        each = torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(example.ids[1:]), reduction="none")
        self.assertAlmostEqual(plain.item(), each[len(ids) - 1 :].sum().item(), places=3)
        self.assertAlmostEqual((weighted - plain).item(), 2 * sum(each[i - 1].item() for i in example.taken_up), places=3)
        self.assertEqual((count.item(), weights.item()), (len(example.ids) - len(ids), len(example.ids) - len(ids) + 2 * len(example.taken_up)))

    def test_companies_in_one_batch_are_tuned_as_each_alone(self):
        listed = companies.load("dev")[:2]
        settings = Settings(num_virtual_tokens=4, steps=3, batch_size=2)
        examples = [self.examples(c) for c in listed]
        start = prompt_tuning.first_prompts(self.model, [self.chat.plain(c.objective) for c in listed], 4)
        together = prompt_tuning.tune(self.model, start, examples, settings)
        for i in range(2):
            alone = prompt_tuning.tune(self.model, start[i : i + 1], examples[i : i + 1], settings)
            self.assertLess((together[i] - alone[0]).abs().max().item(), 1e-4)
        self.assertGreater((together - start).abs().max().item(), 0.01)

    def test_tuning_leaves_every_weight_as_it_was(self):
        before = {n: p.clone() for n, p in self.model.named_parameters()}
        start = prompt_tuning.first_prompts(self.model, [self.chat.plain("Be kind.")], 4)
        prompt_tuning.tune(self.model, start, [self.examples(self.case)], Settings(num_virtual_tokens=4, steps=2))
        for name, p in self.model.named_parameters():
            self.assertTrue(torch.equal(p, before[name]), name)

    def test_the_loss_is_that_of_transformers(self):
        example = self.examples(self.case)[0]
        ids = torch.tensor([example.ids])
        labels = ids.clone()
        labels[:, : example.start] = -100
        none = torch.zeros(1, 0, self.model.config.hidden_size)
        ours = prompt_tuning.company_losses(self.model, none, Rows.of([example], [0]), 1)
        self.assertAlmostEqual(ours.item(), self.reference(ids, labels=labels).loss.item(), places=4)

    def test_the_schedule_is_that_of_transformers(self):
        from transformers import get_linear_schedule_with_warmup

        settings = Settings()
        optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=settings.learning_rate)
        schedule = get_linear_schedule_with_warmup(optimiser, 5, settings.steps)
        for step in range(settings.steps):
            self.assertAlmostEqual(settings.learning_rate_at(step), optimiser.param_groups[0]["lr"], places=9)
            optimiser.step()
            schedule.step()


class Training(unittest.TestCase):
    def run_steps(self, run: train.Run, steps: int) -> list[float]:
        losses = []
        for _ in range(steps):
            run.set_rate(1.0)
            loss = run.model.loss(run.shards.next())
            loss.backward()
            for optimiser in run.optimisers:
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            losses.append(loss.item())
            run.step += 1
        return losses

    def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(self):
        _, tokenizer = checkpoint.load(BUNDLED)
        settings = argparse.Namespace(seed=0, rate=3e-3, matrix_rate=0.02, positions=16, sequences=4)
        config = replace(Config(), hidden_size=32, heads=2, layers=2, feed_forward=64)
        with tempfile.TemporaryDirectory() as folder:
            settings.shards = Path(folder) / "shards"
            settings.shards.mkdir()
            texts = ["<|im_start|>user\nReset my hub, please.<|im_end|>\n<|im_start|>assistant\nHold the button.<|im_end|>\n<|endoftext|>"] * 40
            ids = [i for t in texts for i in tokenizer.encode(t).ids]
            torch.tensor(ids, dtype=torch.uint16).numpy().tofile(settings.shards / "000.bin")
            whole = self.run_steps(train.Run(config, settings, tokenizer), 24)
            first = train.Run(config, settings, tokenizer)
            begun = self.run_steps(first, 10)
            first.save(Path(folder) / "run")
            second = train.resumed(Path(folder) / "run", settings, tokenizer, torch.device("cpu"))
            self.assertEqual(begun + self.run_steps(second, 14), whole)
            self.assertLess(whole[-1], whole[0])


class Practising(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        _, cls.tokenizer = checkpoint.load(BUNDLED)
        torch.manual_seed(0)
        cls.model = Llama(replace(Config(), hidden_size=32, heads=2, layers=2, feed_forward=64))
        cls.plan = Plan(Settings(num_virtual_tokens=4, steps=12), pupils=6, companies=2, batch_sizes=(2, 5), written_share=0.4, recast_share=0.3, parts=2)

    def lessons(self, count: int, **changes) -> list[Lesson]:
        coming = iter(School(self.tokenizer, replace(self.plan, **changes), seed=0))
        return [next(coming) for _ in range(count)]

    def prompts(self) -> practise.Prompts:
        return practise.Prompts(self.model, self.plan.pupils, self.plan.settings)

    def test_a_lesson_gives_every_weight_a_gradient_and_moves_only_its_own_prompts(self):
        prompts, had = self.prompts(), set()
        for lesson in self.lessons(3):
            before = prompts.values.clone()
            practise.practise(self.model, prompts, lesson)
            changed = set((prompts.values != before).any(2).any(1).nonzero().flatten().tolist())
            self.assertLessEqual(changed, set(lesson.chosen.tolist()) | set(lesson.newcomers.tolist()))
            had |= {c for c, age in zip(lesson.chosen.tolist(), lesson.age.tolist()) if age > 0 and c in changed}
        for name, p in self.model.named_parameters():
            self.assertGreater(p.grad.abs().max().item(), 0, name)
        self.assertTrue(had, "no prompt moved that was past its first step, whose rate is 0")

    def test_a_prompt_learns_from_its_examples_as_on_the_page_and_not_from_the_new_questions(self):
        (lesson,), prompts = self.lessons(1, companies=3), self.prompts()
        prompts.begin(lesson.newcomers, lesson.first)
        values = prompts.values[lesson.chosen].requires_grad_(True)
        examples, owners = [], []
        for b in lesson.batches:
            for row in b.known.nonzero().flatten().tolist():
                learned = b.rows.learned[b.rows.learned[:, 0] == row, 1].tolist()
                examples.append(Example(b.rows.ids[row, : learned[-1] + 1].tolist(), learned[0]))
                owners.append(b.rows.owner[row].item())
        prompt_tuning.company_losses(self.model, values, Rows.of(examples, owners), 3).sum().backward()
        found = []
        with mock.patch.object(prompts, "step", lambda _, gradient: found.append(gradient)), mock.patch.object(device, "mixed", lambda _: nullcontext()):
            practise.practise(self.model, prompts, lesson)
        self.assertGreater(values.grad.abs().max().item(), 1e-4)
        self.assertLess((found[0] - values.grad).abs().max().item(), 1e-6)

    def test_the_weights_of_a_lesson_sum_to_one_a_company_for_new_and_to_the_known_weight_for_known(self):
        for lesson in self.lessons(4, companies=3, new_questions=2):
            total, rows = torch.zeros(6), torch.zeros(6)
            for b in lesson.batches:
                total.index_add_(0, b.rows.owner, b.weight)
                rows.index_add_(0, b.rows.owner, torch.ones(len(b.weight)))
            self.assertLess((total[:3] - KNOWN_WEIGHT).abs().max().item(), 1e-6)
            self.assertLess((total[3:] - rows[3:] / 2).abs().max().item(), 1e-6)  # less where a question is too long
            self.assertEqual(rows[3:].max().item(), 2)

    def test_a_prompt_moves_as_adamw_would_move_it(self):
        (lesson,), prompts = self.lessons(1), self.prompts()
        prompts.begin(lesson.newcomers, lesson.first)
        chosen = lesson.chosen
        alone = prompts.values[chosen].clone().requires_grad_(True)
        optimiser = torch.optim.AdamW([alone], lr=0.05, weight_decay=0)
        for step in range(3):
            gradient = torch.randn(alone.shape) * 1e-3  # short, so that clipping leaves it
            alone.grad = gradient
            optimiser.step()
            prompts.step(replace(lesson, age=torch.full((2,), float(step)), rate=torch.full((2,), 0.05)), gradient)
        self.assertLess((prompts.values[chosen] - alone.detach()).abs().max().item(), 1e-5)

    def test_a_word_that_the_customer_misspelled_is_taken_up_in_its_right_spelling(self):
        school = School(self.tokenizer, self.plan, seed=0)
        school.open()
        example = school.new_example("my apointment is canceled, why", "Your appointment was cancelled by the storm.")
        self.assertEqual(self.tokenizer.decode([example.ids[i] for i in example.taken_up]).split(), ["appointment", "cancelled"])

    def test_only_the_named_files_give_written_companies(self):
        school = School(self.tokenizer, replace(self.plan, fewest_pairs=12, written_files="ja1.txt"), seed=0)
        school.open()
        self.assertEqual([c.name for c in school.listed], [c.name for c in written.read(written.CONTENT / "companies" / "ja1.txt")])

    def test_an_interrupted_practice_goes_on_as_if_it_had_not_stopped(self):
        with tempfile.TemporaryDirectory() as folder:
            shards, start = Path(folder) / "shards", Path(folder) / "start"
            shards.mkdir()
            ids = self.tokenizer.encode("<|im_start|>user\nReset my hub, please.<|im_end|>\n<|endoftext|>" * 60).ids
            torch.tensor(ids, dtype=torch.uint16).numpy().tofile(shards / "000.bin")
            checkpoint.save(start, self.model, self.tokenizer)

            def practice(name: str) -> practise.Practice:
                given = ["--start", str(start), "--shards", str(shards), "--out", str(Path(folder) / name), "--virtual-tokens", "4"]
                given += ["--pupils", "6", "--companies", "2", "--sequences", "2", "--positions", "16", "--parts", "2"]
                return practise.Practice(practise.arguments(given), self.tokenizer, torch.device("cpu"))

            whole, first = practice("whole"), practice("first")
            losses = [whole.step(0.1)["new"].item() for _ in range(6)]
            self.assertEqual([first.step(0.1)["new"].item() for _ in range(3)], losses[:3])
            first.save(seconds=7.0)
            second = practice("first")
            self.assertEqual((second.lessons, second.seconds), (3, 7.0))
            self.assertEqual([second.step(0.1)["new"].item() for _ in range(3)], losses[3:])
            for (name, one), (_, other) in zip(whole.run.model.named_parameters(), second.run.model.named_parameters()):
                self.assertTrue(torch.equal(one, other), name)
            self.assertTrue(torch.equal(whole.prompts.values, second.prompts.values))

    def test_two_schools_of_a_seed_give_the_same_lessons(self):
        for one, other in zip(self.lessons(5), self.lessons(5)):
            self.assertTrue(torch.equal(one.chosen, other.chosen))
            for a, b in zip(one.batches, other.batches):
                self.assertTrue(torch.equal(a.rows.ids, b.rows.ids))


class Export(unittest.TestCase):
    def test_the_mean_of_two_models_has_the_mean_of_their_weights(self):
        _, tokenizer = checkpoint.load(BUNDLED)
        config = replace(Config(), hidden_size=32, heads=2, layers=2, feed_forward=64)
        with tempfile.TemporaryDirectory() as folder:
            a, b, out = (Path(folder) / name for name in "abc")
            for path in (a, b):
                checkpoint.save(path, Llama(config), tokenizer, torch.float32)
            average.main([str(a), str(b), "--out", str(out)])
            one, two, mean = (checkpoint.load(path)[0].norm.weight for path in (a, b, out))
            self.assertTrue(torch.equal(mean, (one + two) / 2))
            one, two, mean = (checkpoint.load(path)[0].embed_tokens.weight for path in (a, b, out))
            self.assertFalse(torch.equal(one, two))
            self.assertTrue(torch.equal(mean, ((one + two) / 2).half().float()))

    def test_eight_bits_are_the_nearest_and_the_folder_has_the_same_weights_twice(self):
        weights = torch.randn(5, 48, generator=torch.Generator().manual_seed(0))
        weights[3] = 0
        numbers, scale = eight_bits.eight_bits(weights)
        errors = (numbers.float() * scale[:, None] - weights).abs()
        self.assertTrue((errors <= scale[:, None] * 0.5001).all())
        self.assertEqual(numbers.abs().amax(1).tolist(), [127, 127, 127, 0, 127])
        whole, stored = eight_bits.rounded({"w": weights, "norm": weights[0]})
        self.assertTrue(torch.equal(whole["w"], eight_bits.expanded(stored["w"], stored["w.scale"])))
        self.assertTrue(torch.equal(whole["norm"], stored["norm"]))

    def test_what_ships_has_the_weights_of_its_eight_bits(self):
        whole, stored = load_file(BUNDLED / "model.safetensors"), load_file(BUNDLED / "model.q8.safetensors")
        for name, weight in whole.items():
            scale = stored.get(f"{name}.scale")
            self.assertTrue(torch.equal(weight, stored[name] if scale is None else eight_bits.expanded(stored[name], scale)), name)

    def test_a_saved_model_is_read_back_and_loads_in_transformers(self):
        from transformers import AutoModelForCausalLM, AutoTokenizer

        _, tokenizer = checkpoint.load(BUNDLED)
        model = Llama(replace(Config(), hidden_size=32, heads=2, layers=2, feed_forward=64))
        with tempfile.TemporaryDirectory() as folder:
            checkpoint.save(folder, model, tokenizer)
            again, _ = checkpoint.load(folder)
            for (name, a), (_, b) in zip(model.named_parameters(), again.named_parameters()):
                self.assertTrue(torch.equal(a.half(), b.half()), name)
            reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
            ids = torch.tensor([[1, 5, 9]])
            ours = again.logits(again.hidden(again.embed_tokens(ids)))
            self.assertLess((ours - reference(ids).logits).abs().max().item(), 1e-4)
            text = AutoTokenizer.from_pretrained(folder).apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False)
            self.assertEqual(text, "<|im_start|>user\nHi<|im_end|>\n")


if __name__ == "__main__":
    unittest.main()
