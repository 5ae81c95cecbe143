"""Make the example logs, by running Inspect AI on its mock model (offline, seconds):

    python -m venv logenv && logenv/bin/pip install inspect_ai==0.3.285
    logenv/bin/python examples/logs/make_logs.py OUTPUT_FOLDER

The tasks are toys and the answers are scripted: illustrative, not safety evidence. lm-evaluation-harness results come from
`lm_eval --model dummy --tasks toy_mc --include_path examples/logs/tasks --output_path OUTPUT_FOLDER` (0.4.13).
"""

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


def main() -> None:
    """Write four logs: two suites, and an answer rate below and exactly at its limit."""
    out = Path(sys.argv[1])
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
