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

HERE = Path(__file__).resolve().parent


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


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
