# %% [markdown]
# # A tour of epsilon_research
#
# Epsilon ([arXiv 2302.04406](https://arxiv.org/abs/2302.04406)) scores an untrained network without labels, gradients or training:
#
# 1. Set every weight to one small constant and every bias to zero, run one minibatch, keep one output per image.
# 2. Do the same with one large constant.
# 3. Map both output vectors to [0, 1], call them p₁ and p₂, and drop the zeros. The score is the mean of |p₁ − p₂| over the mean of all p.
#
# So epsilon asks how much the *shape* of the output distribution depends on the scale of the weights. This notebook scores one
# network, looks inside the fast path, scores 300 cells of NAS-Bench-201 and shows what the published float32 arithmetic leaves out.
# Everything here runs on one processor core in well under a minute, without a download.

# %% [markdown]
# ## 1. One network
#
# The minibatch is 64 crops of the two photographs that ship with scikit-learn. Any network will do; its own parameters are left as they are.

# %%
import numpy as np
import pandas as pd
import torch
from torch import nn

from epsilon_research import score_network
from epsilon_research.data.photos import Photos

minibatch = Photos().draw(batch_size=64, rng=np.random.default_rng(21))
images = torch.tensor(minibatch.inputs)

network = nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10),
)
result = score_network(network, images, weights=(1e-7, 1))
print(f"epsilon {result.value:.4f}, engine {result.engine}, float32 {result.float32_defined}")

# %% [markdown]
# `engine` says how the number was made: *collapsed* is the exact fast path of section 2. `float32` says whether ordinary float32
# arithmetic would have had a score at all (section 5).
#
# The score is zero, and that is right: in a plain chain the constant only scales each map, and scale is normalised away. A score needs something
# that mixes differently when the scale changes, such as parallel paths (the cell of section 2) or a non-linearity with a scale of its own, such as GELU:

# %%
network[2] = nn.GELU()
result = score_network(network, images, weights=(1e-7, 1))
print(f"epsilon {result.value:.4f}, engine {result.engine}, resolution {result.resolution:.1g}")

# %% [markdown]
# `resolution` is how far rounding leaves the score uncertain. A layer that cannot be collapsed is not an error: the network itself is run
# in float64, and `note` names the layer.

# %% [markdown]
# ## 2. Inside the collapse
#
# A search space describes each architecture once, as a **program**: a flat list of layers. A cell of NAS-Bench-201 is repeated fifteen
# times in its network; here is the cell alone, on one channel. The numbers in brackets are the layers that feed a layer.

# %%
from epsilon_research.spaces.nb201 import NasBench201

space = NasBench201()
cell = "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|"
for number, layer in enumerate(space.core_program(cell).layers):
    print(f"{number:2}  {layer.inputs!s:12} {layer.operation}")

# %% [markdown]
# With all weights equal, every output channel of a convolution is the same sum over the same inputs. All channels of a layer are
# therefore **one map**, and batch norm, ReLU and pooling keep them one. The collapse turns the program into a **plan** that computes each
# distinct map once. It is not an approximation: it is what the constant-weight network computes.

# %%
from epsilon_research.collapse import lower

program = space.program(cell, num_outputs=1)
plan = lower(program, height=32, width=32)
writing = [step for step in plan.instructions if step.op.name in ("COMBINE", "BOX", "AVERAGE")]
channels = sum(layer.channels for layer in program.layers)
print(f"network: {len(program.layers)} layers, {channels:,} channels")
print(f"plan:    {len(plan.instructions)} instructions, {len(writing)} of which write a map")

# %% [markdown]
# The first steps of the plan: three input channels, the stem, the first cell. Operands are (register, multiplicity). Register 4 is the stem's output and the
# cell's input; in register 6 its 16 equal channels enter the 3×3 convolution as one map times 16. The skip connection is the 4 among the operands of register 12, and `none` left no trace.
# A 1×1 convolution (9 and 10) is a `SCALE`, which like `NORMALISE` and `RECTIFY` changes numbers only and writes no map.

# %%
steps = plan.instructions[:17]
listing = pd.DataFrame(steps).assign(op=[step.op.name for step in steps])
print(listing[["op", "operands", "factor", "kernel_size", "size"]].to_string())

# %% [markdown]
# Both engines read the same program. The *reference* builds the ordinary PyTorch network; outputs agree up to a positive factor,
# which the normalisation of epsilon drops. Here are the normalised outputs of both. The smallest output, and each tied with it, is left out (NaN):
# many crops let nothing through the last ReLU.

# %%
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.metrics.epsilon_formula import normalise_outputs, normalised_score

collapsed = CollapsedEngine().open(minibatch.inputs)
reference = ReferenceEngine(dtype="float64").open(minibatch.inputs)
found = {}
for weight in (1e-7, 1.0):
    for name, session in (("collapsed", collapsed), ("reference", reference)):
        (output,) = session.outputs(program, [weight])
        found[f"weight {weight:g}", name] = normalise_outputs(output.values)
outputs = pd.DataFrame(found)
outputs.rename_axis("image").dropna(how="all").head(6).round(4)

# %%
for name in ("collapsed", "reference"):
    low, high = outputs["weight 1e-07", name], outputs["weight 1", name]
    print(f"{name:10} epsilon {normalised_score(low.to_numpy(), high.to_numpy()):.4f}")

# %% [markdown]
# Epsilon is how far these points, one per image, lie from the diagonal:

# %%
pd.DataFrame({"p₁ (weight 1e-7)": low, "p₂ (weight 1)": high}).plot.scatter(
    x=0, y=1, figsize=(3, 3), s=12
).axline((0, 0), slope=1, color="grey", linewidth=0.8);

# %% [markdown]
# ## 3. A few hundred cells
#
# `Scoring` does for many architectures what was done for one: it lowers each cell, finds which are the same function, computes each function
# once (it could also take it from a store, or spread the work over processes) and returns one table. All metrics see the same minibatch.

# %%
from rich.console import Console

from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics import Epsilon
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.scoring import Scoring
from epsilon_research.progress import progress

ids = space.sample(300, np.random.default_rng(21))
scoring = Scoring(
    space=space,
    metrics={
        "epsilon": Epsilon(weights=(1e-7, 1), engine=CollapsedEngine()),
        "num_parameters": NumParameters(),
    },
    minibatch=minibatch,
    executor=SerialExecutor(),
)
with progress(Console(), "scoring", len(ids)) as advance:
    result = scoring.score(ids, scoring.describe(ids, advance=advance), advance=advance)
print(f"{len(ids)} cells, {result.num_distinct} distinct functions")

# %% [markdown]
# Trained accuracies are a table of their own, looked up by architecture id. These are CIFAR-10 test accuracies that ship with the installation. A score
# that does not exist is NaN, with the reason beside it:

# %%
from epsilon_research.benchmarks.nb201_analog import Nb201Analog
from epsilon_research.pipeline.columns import with_accuracies

benchmark = Nb201Analog().load()
scores = with_accuracies(result.frame, benchmark.lookup(ids))
pd.set_option("display.max_colwidth", 36)  # ids are long
shown = [f"epsilon{suffix}" for suffix in ("", "_failure", "_float32_defined")]
ranked = scores.sort_values("epsilon", ascending=False, ignore_index=True)
ranked[["architecture_id", *shown, "test_accuracy"]].round(4)

# %% [markdown]
# ## 4. Protocols: on which rows does a correlation stand?
#
# What one does with undefined scores decides the number that one publishes, so every statistic is given under several protocols:
#
# | protocol | rows |
# | --- | --- |
# | `paper` | those that the published float32 code would have scored |
# | `connected` | every cell with a path from input to output |
# | `worst` | every cell, undefined scores ranked last |
# | `unique` | connected, one row per distinct function |
# | `common` | rows on which all metrics of the table have a score |
# | `common_float32` | of those, the ones that float32 defines |

# %%
from epsilon_research.analysis import diagnose, summarise_metrics
from epsilon_research.reporting import show
from epsilon_research.reporting.run import Run
from epsilon_research.reporting.run_tables import run_parts

statistics = summarise_metrics(
    scores,
    metrics=["epsilon", "num_parameters"],
    target=benchmark.target,
    higher_is_better=benchmark.higher_is_better,
    rng=np.random.default_rng(21),
    num_resamples=300,
)
remarks = diagnose(scores, statistics["epsilon"], metric="epsilon", target=benchmark.target)
summary = {"metrics": {"epsilon": statistics["epsilon"]}, "diagnosis": {"epsilon": remarks}}
console = Console(width=80, force_jupyter=False, force_terminal=False)
show(*run_parts(Run.from_json(summary)), console=console)

# %% [markdown]
# This is what a run prints, the statistics with 95 % bootstrap intervals over architectures, and sentences where one is due (`diagnose`). Beside it the simplest baseline, the number of
# parameters, on equal rows:

# %%
shown = ["n", "spearman_rho", "spearman_rho_top10", "top10_overlap_percent"]
table = pd.concat({name: pd.DataFrame(of).T for name, of in statistics.items()})
table.loc[(slice(None), ["common", "common_float32"]), shown].astype(float).round(3)

# %% [markdown]
# **Read it like this.** Under `paper` epsilon looks excellent. Over all connected cells it is far below that, and below the number of parameters; among the 10 % most
# accurate cells (`spearman_rho_top10`) it is the better of the two. The difference is a choice of rows, and a sample of 300 already shows it; the whole space is in the README.

# %% [markdown]
# ## 5. What float32 loses
#
# At weight 1e-7 each ReLU-convolution-batch norm multiplies a signal by about 1e-9. Where every path from input to output passes through
# convolutions, fifteen cells of that are below the smallest float32: all outputs become zero and the published code has no score. The collapse carries
# an exponent beside each map, so it keeps the signal. Take the cell in which every edge is a 3×3 convolution:

# %%
from epsilon_research.metrics import epsilon_score

all_convolutions = space.parse(
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
)
published = ReferenceEngine(dtype="float32").open(minibatch.inputs)
for name, architecture_id in (("cell of section 2", cell), ("3×3 only", all_convolutions)):
    program = space.program(architecture_id, num_outputs=1)
    for engine, session in (("PyTorch, float32", published), ("collapsed", collapsed)):
        low, high = session.outputs(program, (1e-7, 1.0))
        print(f"{name:18} {engine:17} epsilon {epsilon_score(low.values, high.values):.4f}")

# %% [markdown]
# How good are the cells that float32 loses? Mostly good ones, which epsilon ranks low:

# %%
connected = scores[scores["connected"]]
connected.groupby("epsilon_float32_defined").agg(
    cells=("test_accuracy", "size"),
    median_accuracy=("test_accuracy", "median"),
    median_epsilon=("epsilon", "median"),
    median_parameters=("num_parameters", "median"),
).rename(index={True: "float32 has a score", False: "float32 has none"}).round(3)

# %%
import tempfile
from pathlib import Path

from IPython.display import Image

from epsilon_research.plotting import Target, read_points
from epsilon_research.plotting.scatter import score_against_accuracy
from epsilon_research.plotting.style import figure_style

target = Target(column=benchmark.target, label=benchmark.label)
points = read_points(scores, metric="epsilon", target=target)
picture = Path(tempfile.mkdtemp()) / "scatter.png"
with figure_style():
    figure = score_against_accuracy(points, statistics=statistics["epsilon"])
    figure.suptitle("300 cells of NAS-Bench-201")
    figure.savefig(picture, dpi=90)
Image(picture)

# %% [markdown]
# On the right, orange marks the cells that float32 loses. Most of them are accurate, many score next to zero, and no published correlation has seen them.
#
# **Next:** `reading_a_run.ipynb` shows the files that `python run.py` leaves, `own_space_and_metric.ipynb` how to add your own search space and metric.
