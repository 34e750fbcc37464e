"""The page of the leaderboard: the board to sort, the figures, the details, the method."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

from epsilon_research.atomic_file import write_atomically
from epsilon_research.reporting import Table
from epsilon_research.reporting.numbers import (
    NOTHING,
    count,
    count_range,
    difference,
    interval,
    percent,
    short_duration,
    value,
)
from epsilon_research.reporting.page import Picture, own_script, render
from experiments.leaderboard.board import Board
from experiments.leaderboard.cells import Cell
from experiments.leaderboard.ranks import LEVEL, Standing, critical_difference
from experiments.leaderboard.results import Results

TITLE = "Which training-free metric ranks networks best, where, and how certainly?"

_CAPTIONS = {
    "mean_ranks": "Mean rank over the search spaces, with 95 % intervals over architectures.",
    "heat_map": "Spearman’s ρ with the trained results, best mean rank on top.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A square of the heat map.

    Args:
        text: What it says.
        number: What it is sorted by; empty where undefined, which sorts last.
        share: Strength of its colour, 0 to 100 percent.
        sign: "plus" or "minus", its colour.
        best: Whether the metric is not certainly below the best of the column.
        words: What else there is to say.
    """

    text: str
    number: str
    share: int
    sign: str
    best: bool
    words: str


def write_page(path: Path, results: Results, board: Board, **about: Any) -> None:
    """Write the page as `page` renders it; a reader never sees half of it.

    Raises:
        OSError: It cannot be written; an older one is still there.
    """
    content = page(results, board, **about).encode("utf-8")
    write_atomically(path, lambda handle: handle.write(content))


def page(
    results: Results, board: Board, *, made: str, command: str, figures: Sequence[Path] = ()
) -> str:
    """Return the whole page as HTML.

    Args:
        results: What was found.
        board: What was compared.
        made: Date, machine, commit and versions in a sentence.
        command: What makes the page again.
        figures: PNG files.
    """
    spaces = list(results.titles)
    tasks = {space: [task for of, task in results.columns if of == space] for space in spaces}
    return render(
        "leaderboard.html.jinja",
        **own_script("leaderboard.js"),
        title=TITLE,
        merits=_merits(results),
        incomplete=", ".join(results.missing),
        spaces=[{"title": results.titles[space], "tasks": tasks[space]} for space in spaces],
        rows=[_row(one, results) for one in results.standings],
        standings=standings_table(results),
        pictures=[Picture.read(path, caption=_CAPTIONS[path.stem]) for path in figures],
        details=[
            {
                "title": results.titles[space],
                "tables": [_details(results, space, task) for task in tasks[space]],
            }
            for space in spaces
        ],
        method=method(results, board),
        command=command,
        made=made,
    )


def _merits(results: Results) -> dict[str, str]:
    names = [one.metric for one in results.standings]
    merits = {
        "metrics": count(len(names)),
        "columns: a search space and a task": count(len(results.columns)),
        "architectures of each search space": count_range({cell.n for cell in results.cells}),
        "best mean rank": names[0],
    }
    if "epsilon" in names:
        merits[f"place of epsilon among {len(names)}"] = count(names.index("epsilon") + 1)
    return merits


def _row(standing: Standing, results: Results) -> dict[str, Any]:
    by_column = {
        (cell.search_space, cell.task): cell
        for cell in results.cells
        if cell.metric == standing.metric
    }
    return {
        "metric": standing.metric,
        "baseline": standing.metric in results.baselines,
        "rank": f"{standing.mean_rank:.1f}",
        "rho": _short(standing.mean_rho),
        "mean_rho": standing.mean_rho,
        "wins": f"{standing.wins}/{standing.columns}",
        "wins_number": standing.wins,
        "squares": [square(by_column[column]) for column in results.columns],
    }


def square(cell: Cell) -> Square:
    """Return a cell as a square of the heat map."""
    undefined = isnan(cell.rho)
    return Square(
        text=_short(cell.rho),
        number="" if undefined else f"{cell.rho:.6f}",
        share=0 if undefined else round(100 * abs(cell.rho)),
        sign="minus" if cell.rho < 0 else "plus",
        best=not undefined and (isnan(cell.p_best) or cell.p_best >= LEVEL),
        words=f"{cell.metric} on {cell.task}: ρ {value(cell.rho)} {interval(cell.interval)}, "
        f"τ {value(cell.kendall_tau)}, n = {count(cell.n)}, "
        f"coverage {percent(cell.coverage, unit=' %')}",
    )


def _short(rho: float) -> str:
    """A correlation with two digits, which a narrow column has room for."""
    if isnan(rho):
        return NOTHING
    text = f"{abs(rho):.2f}".removeprefix("0")
    return f"−{text}" if rho < 0 and text != ".00" else text


def standings_table(results: Results) -> Table:
    """Return the metrics across columns as a table, the best first."""
    spaces, metrics = len(results.titles), len(results.standings)
    note = (
        "The interval says what other architectures of the same spaces would change. "
        f"Above parameters: columns of {len(results.columns)} in which ρ is above that of "
        "num_parameters; certainly: those with Holm’s p < .05."
    )
    if spaces > 1:
        far = critical_difference(num_metrics=metrics, num_spaces=spaces)
        note += (
            f" Nemenyi’s critical difference of {metrics} metrics over {spaces} spaces is "
            f"{far:.1f}: only metrics that lie farther apart would differ on spaces in general."
        )
    return Table(
        title="Mean ranks",
        head=[
            "metric", "mean rank", "mean ρ", "lowest ρ", "above\nparameters", "certainly\nabove",
            "certainly\nbelow",
        ],
        rows=[
            [
                one.metric,
                f"{one.mean_rank:.1f}\n[{one.interval[0]:.1f}, {one.interval[1]:.1f}]",
                value(one.mean_rho),
                value(one.lowest_rho),
                count(one.wins),
                count(one.certain_wins),
                count(one.certain_losses),
            ]
            for one in results.standings
        ],
        note=note,
    )  # fmt: skip


def _details(results: Results, space: str, task: str) -> Table:
    found = [cell for cell in results.cells if (cell.search_space, cell.task) == (space, task)]
    found.sort(key=lambda cell: -2 if isnan(cell.rho) else cell.rho, reverse=True)
    return Table(
        title=task,
        head=[
            "metric", "n", "cov. %", "ρ", "τ", "top10\nρ", "top10/\ntop10 %", "nDCG", "time",
            "time\nratio", "ρ − ρ of\nparameters", "p", "p against\nthe best",
        ],
        rows=[
            [
                cell.metric,
                count(cell.n),
                percent(cell.coverage),
                f"{value(cell.rho)}\n{interval(cell.interval)}",
                f"{value(cell.kendall_tau)}\n{interval(cell.kendall_tau_interval)}",
                value(cell.spearman_rho_top10),
                value(cell.top10_overlap_percent, "top10_overlap_percent"),
                value(cell.ndcg),
                short_duration(cell.seconds),
                NOTHING if isnan(cell.time_ratio) else f"{cell.time_ratio:.2g}",
                difference(cell.minus_parameters),
                _p(cell.p_parameters),
                _p(cell.p_best),
            ]
            for cell in found
        ],
        note=results.sources[space][task],
    )  # fmt: skip


def _p(p: float) -> str:
    if isnan(p):
        return NOTHING
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def method(results: Results, board: Board) -> list[str]:
    """Return how it was done, a sentence each."""
    rows = count_range({cell.n for cell in results.cells})
    changed = [f"{name} has {words}" for name, words in board.departures.items()]
    departures = f" Other than published, {' and '.join(changed)}." if changed else ""
    repeated = sorted({number for number in results.repeated.values() if number})
    if repeated:
        chance = (
            f"Where {count_range(repeated)} architectures of a space were scored "
            f"{board.repeats} times with other minibatches and initialisations, the interval of ρ "
            "is widened by what that moves."
        )
    else:
        chance = "Minibatch and initialisation are one draw, and no interval holds what others do."
    return [
        f"Of each search space a seeded sample of its architectures with a trained result is "
        f"scored, {rows} by column; all metrics meet the same ones.",
        "An undefined score ranks below all others, and coverage says how many are defined.",
        "ρ is Spearman’s and τ Kendall’s τ-b correlation with the trained result, positive where "
        "better networks score higher; losses have their sign changed.",
        f"Epsilon sees {board.constant_batch_size} photographs, as published, and all other "
        f"metrics {board.batch_size}; images are crops of two photographs without labels, so "
        f"that metrics with a loss see pseudo-labels.{departures}",
        "Tasks of one search space share their scores, of a classifier with the space’s number of "
        "classes.",
        "Intervals are 95 % of 1,000 bootstrap resamples of the architectures.",
        chance,
        "Differences to the number of parameters, and to the best metric of a column, are tested "
        "by Steiger’s Z for ranks with Holm’s correction over the metrics of the column; the best "
        "is chosen on the same rows, so that its lead is flattered.",
        "A mean rank is the mean over search spaces of the mean over their tasks, so that seven "
        "tasks of one space do not count seven times.",
        "The time is that of one score, beside whatever else the machine did, and its ratio is to "
        "epsilon’s.",
        *board.notes.values(),
    ]
