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

from transformers import AutoTokenizer

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
sys.path.insert(0, str(PROJECT / "www" / "scale"))

from train import Prompts  # noqa: E402


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


class Scale(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        subprocess.run(["node", HERE / "scale.mjs", cls.folder], check=True)
        cls.said = json.loads((cls.folder / "library.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def run_script(self, processes: int) -> list[dict]:
        launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", str(processes), "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
        subprocess.run([*launch, self.folder / "train.py", "--dtype", "float32"], check=True, cwd=self.folder, stdout=subprocess.DEVNULL)
        return lines(self.folder / "losses.jsonl")

    def test_one_process_does_what_the_library_does(self):
        losses = self.run_script(1)
        self.assertEqual(len(losses), len(self.said["losses"]))
        self.assertLess(abs(losses[0]["loss"] - self.said["losses"][0]), 1e-4)
        for entry, expected in zip(losses, self.said["losses"]):
            self.assertLess(abs(entry["loss"] / expected - 1), 1e-2, entry)
        self.assertLess(abs(losses[-1]["held_out_loss"] / self.said["heldOutLoss"] - 1), 1e-2)
        answers = lines(self.folder / "answers.jsonl")
        self.assertEqual([a["base"] for a in answers], [a["base"] for a in self.said["answers"]])
        self.assertEqual([a["tuned"] for a in answers], [a["tuned"] for a in self.said["answers"]])
        self.assertTrue((self.folder / "adapter" / "adapter_model.safetensors").exists())
        self.assertTrue((self.folder / "adapter-best" / "adapter_model.safetensors").exists())

    def test_two_processes_share_a_batch(self):
        for entry, expected in zip(self.run_script(2), self.said["losses"]):
            self.assertLess(abs(entry["loss"] / expected - 1), 1e-2, entry)


if __name__ == "__main__":
    unittest.main()
