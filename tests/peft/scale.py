"""The folder of "Continue at scale" is run with the real PEFT and Accelerate, on the CPU: `make test-peft`.

The first loss equals the library's to 1e-4, every later one to 1e-2 relative, and the greedy answers are the same text.
Two processes that share each batch come to the same losses as one.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
sys.path.insert(0, str(PROJECT / "www" / "scale"))

from train import Prompts, batches_of, held_out_loss  # noqa: E402


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class Rows(unittest.TestCase):
    def test_questions_and_answers_of_sentence_piece_tokenizers(self):
        """The rows of train.py are those of `transformers`, as the library's are (tests/parity_tokenizer.rs)."""
        fixture = json.loads((PROJECT / "tests" / "fixtures" / "sentence_piece.json").read_text())
        compared = 0
        for form in fixture["forms"].values():
            with tempfile.TemporaryDirectory() as folder:
                parts = {name: form[name] for name in ("normalizer", "pre_tokenizer")}
                config = form["config"] | {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
                (Path(folder) / "tokenizer.json").write_text(json.dumps(fixture["tokenizer"] | parts))
                (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config))
                (Path(folder) / "config.json").write_text(json.dumps({"model_type": "llama"}))
                tokenizer = AutoTokenizer.from_pretrained(folder)
            for name, template in fixture["templates"].items():
                tokenizer.chat_template = template
                prompts = Prompts(tokenizer)
                for (question, answer), row in zip(fixture["pairs"], form["templates"][name], strict=True):
                    ids, labels = prompts.example({"input": question, "output": answer})
                    given = len(row["prompt"])
                    self.assertEqual(ids[:given], row["prompt"], (form["config"], name, question))
                    self.assertEqual(labels, [-100] * given + ids[given:])
                    if row["response"] is None:  # a token would reach over the border
                        self.assertEqual(tokenizer.decode(ids[given:-1]).strip(), answer.strip())
                    else:
                        self.assertEqual(ids[given:], row["response"], (form["config"], name, question))
                    compared += 1
        self.assertEqual(compared, 320)


# How the run of each technique differs from that of scale.mjs.
TECHNIQUES = {
    "prompt tuning": {},
    "prefix tuning": {"peft_type": "PREFIX_TUNING", "learning_rate": 0.01, "steps": 10},
    "prefix tuning with a perceptron": {"peft_type": "PREFIX_TUNING", "prefix_projection": True, "encoder_hidden_size": 32, "learning_rate": 0.002, "steps": 10},
    "P-tuning": {"peft_type": "P_TUNING", "encoder_hidden_size": 48, "learning_rate": 0.002, "steps": 10},
    "P-tuning from a random start, an LSTM": {
        "peft_type": "P_TUNING", "prompt_tuning_init": "RANDOM", "encoder_reparameterization_type": "LSTM", "encoder_hidden_size": 24,
        "encoder_num_layers": 2, "learning_rate": 0.002, "steps": 10,
    },
}  # fmt: skip


class Scale(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def write_folder(self, changed: dict) -> dict:
        """The folder, and what the library comes to in its run."""
        subprocess.run(["node", HERE / "scale.mjs", self.folder, json.dumps(changed)], check=True)
        return json.loads((self.folder / "library.json").read_text())

    def run_script(self, processes: int) -> list[dict]:
        launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", str(processes), "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
        subprocess.run([*launch, self.folder / "train.py", "--dtype", "float32"], check=True, cwd=self.folder, stdout=subprocess.DEVNULL)
        return lines(self.folder / "losses.jsonl")

    def check(self, changed: dict):
        said = self.write_folder(changed)
        losses = self.run_script(1)
        self.assertEqual(len(losses), len(said["losses"]))
        self.assertLess(said["losses"][-1], 0.9 * said["losses"][0], "the library has learned something")
        self.assertLess(abs(losses[0]["loss"] - said["losses"][0]), 1e-4)
        for entry, expected in zip(losses, said["losses"]):
            self.assertLess(abs(entry["loss"] / expected - 1), 1e-2, entry)
        self.assertLess(abs(losses[-1]["held_out_loss"] / said["heldOutLoss"] - 1), 1e-2)
        answers = lines(self.folder / "answers.jsonl")
        self.assertEqual([a["base"] for a in answers], [a["base"] for a in said["answers"]])
        self.assertEqual([a["tuned"] for a in answers], [a["tuned"] for a in said["answers"]])
        for name in ("adapter", "adapter-best"):
            saved = load_file(self.folder / name / "adapter_model.safetensors")["prompt_embeddings"]
            start = load_file(self.folder / "start" / "adapter_model.safetensors")["prompt_embeddings"]
            self.assertEqual(saved.shape, start.shape)
        adapter = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(said["model"], dtype=torch.float32), self.folder / "adapter")
        held_out = [Prompts(AutoTokenizer.from_pretrained(said["model"])).example(row) for row in lines(self.folder / "data" / "held_out.jsonl")]
        self.assertLess(abs(held_out_loss(adapter, held_out, "cpu") / losses[-1]["held_out_loss"] - 1), 1e-4)

    def test_one_process_does_what_the_library_does(self):
        for name, changed in TECHNIQUES.items():
            with self.subTest(name):
                self.check(changed)

    def test_more_rows_get_batches_of_their_own(self):
        self.write_folder({"steps": 6})
        rows = lines(self.folder / "data" / "train.jsonl")
        more = rows + [{"input": f"{row['input']} ({i})", "output": row["output"]} for i, row in enumerate(rows)]
        (self.folder / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in more))
        losses = self.run_script(1)
        self.assertEqual(len(losses), 6)
        self.assertTrue(all(0 < entry["loss"] < 10 for entry in losses), losses)
        description = json.loads((self.folder / "settings.json").read_text())
        batches = batches_of(len(more), description)
        self.assertEqual([len(batch) for batch in batches], [3] * 6)
        self.assertEqual(sorted(i for batch in batches[:5] for i in batch), sorted({i for batch in batches[:5] for i in batch}), "no row twice in an epoch")
        self.assertGreater(max(i for batch in batches for i in batch), len(rows) - 1, "the new rows are among them")

    def test_two_processes_share_a_batch(self):
        for changed in (TECHNIQUES["prompt tuning"], TECHNIQUES["P-tuning"]):
            said = self.write_folder(changed)
            for entry, expected in zip(self.run_script(2), said["losses"]):
                self.assertLess(abs(entry["loss"] / expected - 1), 1e-2, entry)


if __name__ == "__main__":
    unittest.main()
