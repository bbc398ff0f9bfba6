"""Adapters of the library in the real PEFT, and adapters of PEFT in the library, on the bundled model: `make test-peft`.

Losses of the ten chapter examples agree to 1e-3, and greedy answers to five new inquiries are the same text.
"""

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
from peft import PeftModel, PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "fixtures" / "make"))

from common import BUNDLED, batch_of, case  # noqa: E402
from peft_prompt_tuning import encode  # noqa: E402


def library(what: str, folder: Path, technique: str = "") -> dict:
    subprocess.run(["node", HERE / "library.mjs", what, folder, technique], check=True)
    return json.loads((folder / "library.json").read_text())


def base():
    return AutoModelForCausalLM.from_pretrained(BUNDLED, dtype=torch.float32)


class Adapters(unittest.TestCase):
    tokenizer = AutoTokenizer.from_pretrained(BUNDLED)

    def assert_agree(self, model, said: dict) -> None:
        rows = [encode(self.tokenizer, e) for e in case()["examples"]]
        with torch.no_grad():
            losses = [model(**batch_of([row], 0)).loss.item() for row in rows]
        self.assertEqual(len(losses), len(said["losses"]))
        for ours, theirs in zip(said["losses"], losses):
            self.assertLess(abs(ours - theirs), 1e-3)
        for pair in said["answers"]:
            ids = self.tokenizer.apply_chat_template(
                [{"role": "user", "content": pair["question"]}], add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
            written = model.generate(**ids, max_new_tokens=80, do_sample=False)[0, ids["input_ids"].shape[1] :]
            self.assertEqual(self.tokenizer.decode(written, skip_special_tokens=True), pair["answer"])

    def assert_card_answers(self, folder: Path, said: list[dict]) -> None:
        """The Python of the model card, as it stands but for the question, writes the library's answers."""
        code = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
        asked = 'question = [{"role": "user", "content": "..."}]'
        self.assertEqual(code.count(asked), 1)
        head, tail = code.split(asked)
        with contextlib.chdir(folder):
            names: dict = {}
            exec(head, names)
            for pair in said:
                printed = io.StringIO()
                with contextlib.redirect_stdout(printed):
                    exec(tail, names | {"question": [{"role": "user", "content": pair["question"]}]})
                self.assertEqual(printed.getvalue(), pair["answer"] + "\n")

    def test_prompts_trained_by_the_library_in_peft(self):
        for technique in ("PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING"):
            with self.subTest(technique), tempfile.TemporaryDirectory() as folder:
                said = library("train", Path(folder), technique)
                self.assert_agree(PeftModel.from_pretrained(base(), folder).eval(), said)
                self.assert_card_answers(Path(folder), said["penalised"])

    def test_adapters_trained_by_peft_in_the_library(self):
        configs = {
            "prompt tuning": PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=12),
            "P-tuning": PromptEncoderConfig(task_type="CAUSAL_LM", num_virtual_tokens=12, encoder_hidden_size=64),
            "P-tuning, LSTM": PromptEncoderConfig(
                task_type="CAUSAL_LM", num_virtual_tokens=12, encoder_hidden_size=64, encoder_reparameterization_type="LSTM"
            ),
            "prefix tuning": PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=12),
            "prefix tuning, perceptron": PrefixTuningConfig(
                task_type="CAUSAL_LM", num_virtual_tokens=12, prefix_projection=True, encoder_hidden_size=64
            ),
        }
        for name, config in configs.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                torch.manual_seed(0)
                model = get_peft_model(base(), config)
                batch = batch_of([encode(self.tokenizer, e) for e in case()["examples"]], 0)
                optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.02)
                for _ in range(15):
                    optimiser.zero_grad()
                    model(**batch).loss.backward()
                    optimiser.step()
                model.save_pretrained(folder)
                self.assert_agree(model.eval(), library("read", Path(folder)))


if __name__ == "__main__":
    unittest.main()
