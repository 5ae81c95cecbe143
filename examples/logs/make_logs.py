"""Make the example logs, by running Inspect AI on its mock model and lm-evaluation-harness on its dummy model (offline):

    python -m venv logenv && logenv/bin/pip install inspect_ai==0.3.285 lm_eval==0.4.13
    logenv/bin/python examples/logs/make_logs.py OUTPUT_FOLDER

The tasks are toys; the answers are scripted or random: illustrative, not safety evidence. Each run gives logs with ids and dates
of its own, so the committed files are of one run: `*.eval` and `autonomy-suite.json` by Inspect AI, `choice-results.json` by
lm-evaluation-harness on `tasks/toy_choice.yaml`.
"""

import os
import subprocess
import sys
from pathlib import Path

from inspect_ai import Task
from inspect_ai import eval as run_eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate


def said(text: str) -> ModelOutput:
    """A scripted answer. Token usage is stated, or the tool would look for a tokenizer on the network."""
    output = ModelOutput.from_content("mockllm/model", text)
    output.usage = ModelUsage(input_tokens=8, output_tokens=4, total_tokens=12)
    return output


def toy(name: str, answers: list[str], target: str, log_dir: str, log_format: str) -> None:
    """One task of placeholder questions, with one scripted answer each."""
    samples = [Sample(id=f"q-{n:02d}", input=f"Placeholder question {n}", target=target) for n in range(len(answers))]
    task = Task(
        dataset=MemoryDataset(samples, name=f"{name}-placeholder"),
        solver=generate(),
        scorer=includes(),
        name=name,
        version=1,
        metadata={"illustrative": True},
    )
    model = get_model("mockllm/model", custom_outputs=[said(a) for a in answers])
    run_eval(task, model=model, log_dir=log_dir, log_format=log_format, max_samples=1, display="none")


def choices(out: Path) -> None:
    """lm-evaluation-harness on eight placeholder questions from a local file; the dummy model answers at random."""
    program = Path(sys.executable).with_name("lm_eval")
    words = [program, "--model", "dummy", "--tasks", "toy_choice", "--include_path", "tasks", "--output_path", out]
    here = Path(__file__).resolve().parent
    subprocess.run(words, cwd=here, check=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})


def main() -> None:
    """Write five logs: two suites, an answer rate below and exactly at its limit, and multiple choice."""
    out = Path(sys.argv[1]).resolve()
    choices(out)
    toy(
        "toy_uplift_trials",
        ["helped", "helped", "no", "helped", "no", "no", "helped", "no"],
        "helped",
        str(out),
        "eval",
    )
    toy("toy_autonomy_suite", ["done"] + ["no"] * 9, "done", str(out), "json")
    toy("toy_answer_rate", ["no"] * 20, "answered", str(out), "eval")
    toy("toy_answer_rate_limit", ["answered"] + ["no"] * 19, "answered", str(out), "eval")


if __name__ == "__main__":
    main()
