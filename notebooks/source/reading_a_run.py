# %% [markdown]
# # Reading a run
#
# `python run.py` prints a table and files everything it knows in a run folder. This notebook makes such a folder (300 cells of NAS-Bench-201, 64 images),
# reads each file, asks a question of its own and redraws a figure; then it reads a sweep and the score store. All of
# it goes into a temporary folder; to read a run of yours, set `run` to its folder below `outputs/`.

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

import epsilon_research

root = Path(epsilon_research.__file__).resolve().parents[1]  # where run.py is
folder = Path(tempfile.mkdtemp())
run = folder / "run"
small = [
    "search_space.num_architectures=300",
    "batch_size=64",
    "executor=serial",
    "tracker=none",
    f"store={folder / 'store'}",
]
command = [sys.executable, "run.py", *small, f"hydra.run.dir={run}"]
process = subprocess.run(command, cwd=root, capture_output=True, text=True)
assert process.returncode == 0, process.stderr

for path in sorted(run.rglob("*")):
    if path.is_file() and ".hydra" not in path.parts:
        print(path.relative_to(run))

# %% [markdown]
# | file | what it is |
# | --- | --- |
# | `scores.parquet` | one row per architecture: the table that every statistic and figure is made of |
# | `summary.json` | settings, counts, statistics with intervals, versions |
# | `config.yaml` | the whole configuration; its first line is the command that runs it again |
# | `run.log` | what happened, with times; tracebacks of failures |
# | `figures/` | each as PNG and PDF |
# | `report.html` | all of it for a browser, in one file, with a scatter to zoom into |
#
# With `tracker=wandb`, the default, the folder also holds an offline Weights & Biases run.

# %% [markdown]
# ## The table of scores

# %%
import pandas as pd

scores = pd.read_parquet(run / "scores.parquet")
scores.drop(columns=["canonical_hash", "seconds"]).head(5).round(4)

# %% [markdown]
# `epsilon` is NaN where there is no score, and `epsilon_failure` says why. `epsilon_float32_defined` says where the published float32 code would have had a score.
# Rows with equal `canonical_hash` are the same function under constant weights, and share one score. `connected` is whether the input reaches the output.

# %%
print(scores["epsilon_failure"].value_counts(dropna=False).to_string())
print("distinct functions:", scores["canonical_hash"].nunique())
print("defined in float32:", scores["epsilon_float32_defined"].sum())

# %% [markdown]
# ## The summary

# %%
import json

summary = json.loads((run / "summary.json").read_text())
print("parts:", ", ".join(summary))
for name in ("search_space", "dataset", "target", "weights", "batch_size", "seed", "engine"):
    print(f"{name:12} {summary['run'][name]}")

# %% [markdown]
# `run` also has the git commit, the versions of the libraries and the hash of the minibatch. The table that was printed is made of this file alone, so it can be
# printed again at any time (here without the line on time):

# %%
from rich.console import Console

from epsilon_research.reporting import show
from epsilon_research.reporting.run import Run
from epsilon_research.reporting.run_tables import run_parts

console = Console(width=80, force_jupyter=False, force_terminal=False)
show(*run_parts(Run.from_json({**summary, "timing": {}})), console=console)

# %% [markdown]
# Statistics lie under `metrics`, by metric and protocol, each with its interval: `n`, `coverage`, `spearman_rho`, `spearman_rho_top10`, `kendall_tau`, `kendall_tau_top10`,
# `top10_overlap_percent`, `top64_in_top5`, `ndcg`. Undefined is `null` in the file.

# %%
statistics = summary["metrics"]["epsilon"]
pd.DataFrame(
    {
        protocol: {
            "n": values["n"],
            "ρ": values["spearman_rho"],
            "low": values["spearman_rho_interval"][0],
            "high": values["spearman_rho_interval"][1],
        }
        for protocol, values in statistics.items()
    }
).T.round(3)

# %% [markdown]
# The intervals are 95 % bootstrap intervals over architectures: how far ρ would move with another sample of cells. They do not
# contain the choice of the minibatch (`python run.py study=minibatch_stability` measures that).
#
# ## A question of your own
#
# `summarise_metric` takes any part of the table. For instance: how good is epsilon among cells that reach 90 %, where a search would spend its time?

# %%
import numpy as np

from epsilon_research.analysis import summarise_metric

good = scores[scores["test_accuracy"] >= 0.9]
found = summarise_metric(
    good,
    metric="epsilon",
    target=summary["run"]["target"],
    higher_is_better=summary["run"]["higher_is_better"],
    rng=np.random.default_rng(0),
    num_resamples=300,
)
for protocol, values in found.items():
    low, high = values["spearman_rho_interval"]
    print(
        f"{protocol:10} n {values['n']:3}  ρ {values['spearman_rho']:.2f} [{low:.2f}, {high:.2f}]"
    )

# %% [markdown]
# ## A figure again
#
# `RunFigures` writes all figures of a run; a single one can be drawn with other rows, words or size. Here are the cells above 90 % only:

# %%
from IPython.display import Image

from epsilon_research.plotting import Target, read_points
from epsilon_research.plotting.scatter import score_against_accuracy
from epsilon_research.plotting.style import figure_style

target = Target(column="test_accuracy", label="CIFAR-10 test accuracy")
points = read_points(good, metric="epsilon", target=target)
with figure_style():
    figure = score_against_accuracy(points, statistics=found)
    figure.suptitle("Cells above 90 %")
    figure.savefig(folder / "good.png", dpi=90)
Image(folder / "good.png")

# %% [markdown]
# ## A sweep
#
# With `-m`, commas separate values, each combination is a run of its own in a numbered folder, and at the end all are gathered into one table. (`study=NAME`
# does the same with a study of `conf/study/`.)

# %%
sweep = folder / "sweep"
pairs = "weights=[1e-3,1],[1e-7,1]"
settings = [pairs, *small, "figures=false", f"hydra.sweep.dir={sweep}"]
command = [sys.executable, "run.py", "-m", *settings]
process = subprocess.run(command, cwd=root, capture_output=True, text=True)
assert process.returncode == 0, process.stderr

study = pd.read_parquet(sweep / "study.parquet")
study.pivot(index="weights", columns="protocol", values=["n", "spearman_rho"]).round(3)

# %% [markdown]
# `study.parquet` has one row per job, metric and protocol, with every statistic and the ends of its interval; `study.json` is the same as a record, with settings,
# counts and, for the studies of the paper, the published numbers beside ours:

# %%
from epsilon_research.reporting import show
from epsilon_research.reporting.study import Study
from epsilon_research.reporting.study_tables import study_parts

record = Study.read(sweep / "study.json")
show(*study_parts(record), console=console)

# %% [markdown]
# Here is the paper's case in small. With [1e-3, 1] float32 has a score for nearly every cell, and ρ is low under every protocol; with [1e-7, 1] it loses
# almost half of them, and ρ on the rest is 0.87. Which makes the difference, the weights or the rows? `python run.py study=separating_test` asks exactly that.
#
# ## The store
#
# Nothing is computed twice: the outputs of each function under each *single* weight are kept. The first run computed two weights, the sweep needed only one more:

# %%
from epsilon_research.store.inventory import shelves

pd.DataFrame(
    [
        {
            "metric": shelf.identity["metric"],
            "weight": shelf.identity["pass"]["weight"],
            "engine": shelf.identity["engine"]["name"],
            "minibatch": shelf.identity["minibatch"]["dataset"],
            "values": shelf.count(),
            "code": shelf.code,
        }
        for shelf in shelves(folder / "store")
    ]
).sort_values(["weight", "values"], ignore_index=True).astype({"weight": str})

# %%
for case in record.cases:
    counts = case.jobs[0].run.counts
    print(f"{case.label():18} computed {counts['computed']:3}, from store {counts['from_store']:3}")

# %% [markdown]
# The same on the command line: `python -m epsilon_research.store list`, `verify` and `drop --old`.
#
# ## The run again
#
# `config.yaml` is the run: this line, written into it, repeats it (with a new folder).

# %%
text = (run / "config.yaml").read_text()
print(text.splitlines()[0].replace(str(run), "<run folder>"))
