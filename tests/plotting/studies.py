"""Records of studies as `study.json` has them, for the tests of this room."""

from typing import Any

from hypothesis import strategies as st

from tests.plotting.searches import ENTRIES

CORRELATIONS = ("spearman_rho", "spearman_rho_top10", "kendall_tau", "kendall_tau_top10")


def statistics(rho: float, *, n: int = 2957, coverage: float = 0.59, **changes: Any) -> dict:
    found: dict[str, Any] = {"n": n, "coverage": coverage}
    for place, name in enumerate(CORRELATIONS):
        value = rho - 0.1 * place
        found[name] = value
        found[f"{name}_interval"] = [value - 0.02, value + 0.01]
    found |= {"top10_overlap_percent": 65.5, "top10_overlap_percent_interval": [60.0, 70.0]}
    found |= {"top64_in_top5": 45.0, "top64_in_top5_interval": [40.0, 50.0]}
    return found | changes


def job(number: int, settings: dict[str, Any], metrics: dict[str, Any], **parts: Any) -> dict:
    pair = settings.get("weights", [1e-7, 1.0])
    run = {
        "search_space": "nb201",
        "target": "test_accuracy",
        "higher_is_better": True,
        "metrics": list(metrics),
        "metric_settings": {name: {} for name in metrics} | {"epsilon": {"weights": pair}},
        "weights": pair,
    }
    return {
        "job": number,
        "folder": str(number),
        "settings": settings,
        "run": run | parts.pop("run", {}),
        "counts": {"architectures": 5000, "connected": 4907, "failed": 93},
        "timing": {"scoring_seconds": 1.0},
        "metrics": metrics,
        **parts,
    }


def study(jobs: list[dict], settings: list[str], **changes: Any) -> dict[str, Any]:
    return {
        "name": "a_study",
        "title": "A study's title",
        "question": "What does it ask?",
        "remark": "",
        "command": "python run.py study=a_study",
        "settings": settings,
        "jobs": jobs,
        "missing_jobs": [],
        "published": [],
        "figures": [],
    } | changes


def entry(
    number: int, statistic: str, ours: float | None, published: float | None, **changes: Any
) -> dict[str, Any]:
    known = ours is not None and published is not None
    return {
        "table": "a_table",
        "row": changes.get("label", f"row {number}"),
        "same_architectures": True,
        "margin": 0.02,
        "not_judged": None if known else "undefined",
        "job": number,
        "label": f"row {number}",
        "metric": "epsilon",
        "protocol": "paper",
        "statistic": statistic,
        "ours": ours,
        "interval": None,
        "published": published,
        "difference": ours - published if known else None,
        "agrees": None,
    } | changes


def published(comparison: list[dict], **changes: Any) -> dict[str, Any]:
    return {
        "table": "a_table",
        "title": "Table 1",
        "source": "appendix A",
        "note": None,
        "published_rows": comparison,
        "unmatched": [],
    } | changes


def searches() -> dict[str, Any]:
    """Two protocols of a search with one and two variants, without statistics of scores."""
    protocols = {"published": ["random_search"], "sound": list(ENTRIES)[3:]}
    jobs = [
        job(
            number,
            {"search.protocol": protocol},
            {},
            search={name: ENTRIES[name] | {"protocol": protocol} for name in names},
        )
        for number, (protocol, names) in enumerate(protocols.items())
    ]
    return study(jobs, ["search.protocol"])


def weight_pairs() -> dict[str, Any]:
    """Three pairs of three weights under two protocols, all of them published."""
    pairs = ([1e-7, 1], [1e-7, 0.01], [0.01, 1])
    rhos = (0.871, 0.25, -0.3)
    jobs = [
        job(
            number,
            {"weights": pair},
            {
                "epsilon": {
                    "paper": statistics(rho, n=(2957, 2957, 4907)[number]),
                    "connected": statistics(rho / 2, n=4907, coverage=0.9814),
                }
            },
        )
        for number, (pair, rho) in enumerate(zip(pairs, rhos, strict=True))
    ]
    comparison = []
    for number, (rho, printed, agrees) in enumerate(
        zip(rhos, (0.87, 0.31, -0.3), (True, False, None), strict=True)
    ):
        comparison.append(entry(number, "spearman_rho", rho, printed, agrees=agrees))
        n = jobs[number]["metrics"]["epsilon"]["paper"]["n"]
        comparison.append(entry(number, "n", n, 2957, agrees=n == 2957))
    return study(jobs, ["weights"], published=[published(comparison, unmatched=["[0.1, 10]"])])


def batch_sizes(*, draws: int = 4) -> dict[str, Any]:
    """Three batch sizes, each drawn several times."""
    jobs, comparison = [], []
    for size in (8, 64, 1024):
        for draw in range(draws):
            rho = 0.5 + size / 4096 + 0.01 * draw
            settings = {"batch_size": size, "minibatch_seed": draw}
            found = {"paper": statistics(rho), "connected": statistics(rho / 2, n=4900 + draw)}
            comparison.append(
                entry(len(jobs), "spearman_rho", rho, 0.52, label=str(size), agrees=draw % 2 == 0)
            )
            jobs.append(job(len(jobs), settings, {"epsilon": found}))
    return study(jobs, ["batch_size", "minibatch_seed"], published=[published(comparison)])


def metrics() -> dict[str, Any]:
    """One job, three metrics."""
    found = {
        name: {"paper": statistics(rho), "common": statistics(rho - 0.1, n=90)}
        for name, rho in (("epsilon", 0.8), ("synflow", 0.7), ("num_parameters", -0.1))
    }
    return study([job(0, {}, found, folder=".")], [])


_numbers = st.none() | st.floats(-1, 1) | st.just(float("nan"))
_intervals = st.none() | st.lists(_numbers, min_size=2, max_size=2)


@st.composite
def _statistics(draw: st.DrawFn) -> dict[str, Any]:
    found = statistics(0.5)
    for name in list(found):
        kind = draw(st.sampled_from(["kept", "kept", "undefined", "missing"]))
        if kind == "missing" and name != "n":
            del found[name]
        elif kind == "undefined" and name != "n":
            found[name] = draw(_intervals if name.endswith("_interval") else _numbers)
    return found


@st.composite
def _jobs(draw: st.DrawFn, number: int, settings: list[str]) -> dict[str, Any]:
    protocols = st.dictionaries(
        st.sampled_from(["paper", "connected", "worst", "unique", "common"]), _statistics()
    )
    found = draw(st.dictionaries(st.sampled_from(["epsilon", "synflow"]), protocols, max_size=2))
    values = {
        "weights": st.sampled_from([[1e-7, 1.0], [0.001, 0.1], [1e-7, 1e-7]]),
        "batch_size": st.sampled_from([8, 64, None]),
        "dataset": st.sampled_from(["photos", "grey [scale]", None]),
        "minibatch_seed": st.integers(0, 3),
    }
    one = job(number, {name: draw(values[name]) for name in settings}, found)
    if not found and draw(st.booleans()):
        del one["metrics"]
    if draw(st.booleans()):
        part = {name: draw(_numbers) for name in ("n", "mean_rho", "min_rho")}
        one["stability"] = {"epsilon": {"minibatch": {"repeats": 4, **part}}}
    if draw(st.booleans()):
        one["weight_rule"] = {"rule": "limits", "weights": [1e-7, draw(_numbers)], "tried": []}
    return one


@st.composite
def studies(draw: st.DrawFn) -> dict[str, Any]:
    """Any jobs with any protocols, in which anything may be undefined or not be there."""
    names = ["weights", "batch_size", "dataset", "minibatch_seed"]
    settings = draw(st.lists(st.sampled_from(names), unique=True, max_size=4))
    jobs = [draw(_jobs(number, settings)) for number in range(draw(st.integers(1, 4)))]
    known = ["n", *CORRELATIONS, "top10_overlap_percent", "top64_in_top5", "selection mean"]
    comparison = [
        entry(
            draw(st.integers(0, len(jobs) - 1)),
            draw(st.sampled_from(known)),
            draw(_numbers),
            draw(_numbers),
            difference=draw(_numbers),
            agrees=draw(st.none() | st.booleans()),
            interval=draw(_intervals),
            label=draw(st.sampled_from(["a", "[b]"])),
        )
        for _ in range(draw(st.integers(0, 5)))
    ]
    tables = [published(comparison)] if draw(st.booleans()) else []
    return study(jobs, settings, published=tables, missing_jobs=draw(st.just([]) | st.just(["9"])))
