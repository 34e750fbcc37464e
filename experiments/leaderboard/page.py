"""The page of the leaderboard: the board to sort, the figures, the details, the method."""

from collections.abc import Sequence
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
from experiments.leaderboard.results import LEVEL, Results, Standing, critical_difference

_CAPTIONS = {
    "mean_ranks": "Mean rank over the search spaces, with 95 % intervals over architectures.",
    "heat_map": "Spearman’s ρ with the trained results, best mean rank on top.",
}


def write_page(
    path: Path,
    results: Results,
    board: Board,
    *,
    made: str,
    command: str,
    figures: Sequence[Path],
) -> None:
    """Write the page with its PNG files; a reader never sees half of it.

    `made` has date, machine, commit and versions, `command` makes the page again.

    Raises:
        OSError: It cannot be written; an older one is still there.
    """
    tasks = {
        space: [task for of, task in results.columns if of == space] for space in results.titles
    }
    sizes = count_range({cell.n for cell in results.cells})
    text = render(
        "leaderboard.html.jinja",
        **own_script("leaderboard.js"),
        title="Which training-free metric ranks networks best, where, and how certainly?",
        merits=_merits(results, sizes=sizes),
        incomplete=", ".join(results.missing),
        spaces=[{"title": results.titles[space], "tasks": tasks[space]} for space in tasks],
        rows=[_row(one, results) for one in results.standings],
        standings=standings_table(results),
        pictures=[Picture.read(path, caption=_CAPTIONS[path.stem]) for path in figures],
        details=[
            (results.titles[space], [_details(results, space, task) for task in tasks[space]])
            for space in tasks
        ],
        board=board,
        sizes=sizes,
        repeated=count_range({number for number in results.repeated.values() if number}),
        command=command,
        made=made,
    )  # fmt: skip
    write_atomically(path, lambda handle: handle.write(text.encode("utf-8")))


def _merits(results: Results, *, sizes: str) -> dict[str, str]:
    names = [one.metric for one in results.standings]
    merits = {
        "metrics": count(len(names)),
        "columns: a search space and a task": count(len(results.columns)),
        "architectures of each search space": sizes,
        "best mean rank": names[0],
    }
    if "epsilon" in names:
        merits[f"place of epsilon among {len(names)}"] = count(names.index("epsilon") + 1)
    return merits


def _row(standing: Standing, results: Results) -> dict[str, Any]:
    squares = {
        (cell.search_space, cell.task): _square(cell)
        for cell in results.cells
        if cell.metric == standing.metric
    }
    return {
        "standing": standing,
        "baseline": standing.metric in results.baselines,
        "mean_rho": _short(standing.mean_rho),
        "squares": [squares[column] for column in results.columns],
    }


def _square(cell: Cell) -> dict[str, Any]:
    """A cell of the heat map; an empty number sorts last."""
    undefined = isnan(cell.rho)
    return {
        "text": _short(cell.rho),
        "number": "" if undefined else f"{cell.rho:.6f}",
        "share": 0 if undefined else round(100 * abs(cell.rho)),
        "sign": "minus" if cell.rho < 0 else "plus",
        "best": not undefined and (isnan(cell.p_best) or cell.p_best >= LEVEL),
        "words": f"{cell.metric} on {cell.task}: ρ {value(cell.rho)} {interval(cell.interval)}, "
        f"τ {value(cell.kendall_tau)}, n = {count(cell.n)}, "
        f"coverage {percent(cell.coverage, unit=' %')}",
    }


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
    rows = [
        {
            "metric": one.metric,
            "mean rank": f"{one.mean_rank:.1f}\n[{one.interval[0]:.1f}, {one.interval[1]:.1f}]",
            "mean ρ": value(one.mean_rho),
            "lowest ρ": value(one.lowest_rho),
            "mean\nnDCG": value(one.mean_ndcg),
            "above\nparameters": count(one.wins),
            "certainly\nabove": count(one.certain_wins),
            "certainly\nbelow": count(one.certain_losses),
        }
        for one in results.standings
    ]
    return _table("Mean ranks", rows, note=note)


def _details(results: Results, space: str, task: str) -> Table:
    found = [cell for cell in results.cells if (cell.search_space, cell.task) == (space, task)]
    found.sort(key=lambda cell: -2 if isnan(cell.rho) else cell.rho, reverse=True)
    rows = [
        {
            "metric": cell.metric,
            "n": count(cell.n),
            "cov. %": percent(cell.coverage),
            "ρ": f"{value(cell.rho)}\n{interval(cell.interval)}",
            "τ": f"{value(cell.kendall_tau)}\n{interval(cell.kendall_tau_interval)}",
            "top10\nρ": value(cell.spearman_rho_top10),
            "top10/\ntop10 %": value(cell.top10_overlap_percent, "top10_overlap_percent"),
            "nDCG": value(cell.ndcg),
            "time": short_duration(cell.seconds),
            "time\nratio": NOTHING if isnan(cell.time_ratio) else f"{cell.time_ratio:.2g}",
            "ρ − ρ of\nparameters": difference(cell.minus_parameters),
            "p": _p(cell.p_parameters),
            "p against\nthe best": _p(cell.p_best),
        }
        for cell in found
    ]
    return _table(task, rows, note=results.sources[space][task])


def _table(title: str, rows: list[dict[str, str]], *, note: str) -> Table:
    """A table of at least one row, each with the same headings."""
    return Table(title=title, head=[*rows[0]], rows=[[*row.values()] for row in rows], note=note)


def _p(p: float) -> str:
    if isnan(p):
        return NOTHING
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")
