"""Scores of architectures of a search space, as one call."""

import os
from collections.abc import Sequence

import pandas as pd

from epsilon_research.api.chosen import (
    AUTO,
    Accuracies,
    Inputs,
    Space,
    chosen_benchmark,
    chosen_console,
    chosen_dataset,
    chosen_selection,
)
from epsilon_research.data.given import Given
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors.processes import ProcessExecutor
from epsilon_research.metrics.chosen import ChosenMetrics, chosen_metrics
from epsilon_research.metrics.epsilon import check_weights
from epsilon_research.pipeline import Pipeline
from epsilon_research.pipeline.columns import table_of_run
from epsilon_research.programs import Program
from epsilon_research.stages.base import Prepared
from epsilon_research.store import open_store
from epsilon_research.weights.limits import Limits


def score(
    space: Space,
    *,
    n: int | str | None = None,
    ids: Sequence[str | int] | None = None,
    metrics: ChosenMetrics = "epsilon",
    images: Inputs = None,
    weights: Sequence[float] | None = None,
    benchmark: Accuracies = AUTO,
    seed: int = 21,
    batch_size: int = 256,
    minibatch_seed: int = 21,
    store: str | None = AUTO,
    processes: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Return the scores of architectures of a search space, one row each.

    The same numbers as `python run.py` with the same settings, from the same store.

    Args:
        space: Name (`conf/search_space`) or object of a search space.
        n: Size of a seeded sample of the architectures whose accuracy is known, or "all"; None:
            what takes reasonable time.
        ids: The architectures instead, in any form that the space reads.
        metrics: One or several, by name (`conf/metric`) or as objects, or {name: object}.
        images: What the networks see: a dataset by name (`conf/dataset`) or as an object, a
            `Minibatch`, or an array or tensor (batch, channels, height, width); of a space of
            recurrent networks embedded tokens (time, batch, embedding). None: what a run on the
            space takes, photographs as a rule.
        weights: The two constants of epsilon; None: those published for the space or, where there
            are none, its limits (`Limits`).
        benchmark: Name (`conf/benchmark`) or object of a benchmark, "auto" for the one that a run
            on the space takes, or None.
        seed: Seed of the sample of architectures.
        batch_size: Size of a minibatch that is drawn from a dataset, at least 3.
        minibatch_seed: Seed of that draw.
        store: Folder of computed values, "auto" for the user's cache (or `EPSILON_STORE`), or None.
        processes: Worker processes; None: one for each core.
        progress: Whether progress is shown on standard error.

    Returns:
        Columns `architecture_id`, `connected`, `canonical_hash`, `num_parameters`, each metric with
        `<metric>_failure` (None, or why there is no score), `validation_accuracy` and
        `test_accuracy` (fractions, or losses; NaN where unknown), `seconds`. `attrs` holds what
        `correlate` has to know: `metrics`, `target`, `higher_is_better`, `paper_filter`, `seed`.

    Raises:
        ValueError: A name, a setting or a minibatch is not what it must be.
        FileNotFoundError: A file does not exist.
    """
    console = chosen_console(progress)
    selection = chosen_selection(space, n=n, ids=ids)
    engine = CollapsedEngine()
    pair = selection.published_weights if weights is None else check_weights(weights)
    dataset = chosen_dataset(images, space=selection.space)
    pipeline = Pipeline(
        search_space=selection,
        dataset=dataset,
        batch_size=dataset.minibatch.num_samples if isinstance(dataset, Given) else batch_size,
        minibatch_seed=minibatch_seed,
        benchmark=chosen_benchmark(benchmark, space=selection.space),
        metric=chosen_metrics(metrics, weights=pair, engine=engine),
        engine=engine,
        executor=ProcessExecutor(processes=processes),
        store=open_store(os.environ.get("EPSILON_STORE", AUTO) if store == AUTO else store),
        seed=seed,
        stages={},
        weight_rule=Limits() if pair is None else None,
        console=console,
    )
    prepared = pipeline.prepare()
    _check_channels(prepared)
    prepared, _ = pipeline.choose_weights(prepared)
    result = pipeline.score(prepared)
    if result.interrupted:
        raise KeyboardInterrupt
    frame = table_of_run(result.frame, prepared, aggregates={})
    table = prepared.table
    frame.attrs = {
        "metrics": list(pipeline.metric),
        "target": None if table is None else table.target,
        "higher_is_better": None if table is None else table.higher_is_better,
        "paper_filter": selection.paper_filter,
        "seed": seed,
    }
    return frame


def _check_channels(prepared: Prepared) -> None:
    """Refuse images of other channels than the networks take, before processes start."""
    space, minibatch = prepared.scoring.space, prepared.scoring.minibatch
    program = space.program(prepared.ids[0], num_outputs=1)
    if isinstance(program, Program) and program.input_channels != minibatch.inputs.shape[1]:
        raise ValueError(
            f"images must have {program.input_channels} channels on {space.name}, got "
            f"{minibatch.inputs.shape[1]}: pass (batch, channels, height, width)"
        )
