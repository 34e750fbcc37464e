"""The published numbers stand beside the runs that they are of, and agree or not."""

import json
import math

import pytest

from epsilon_research.reporting.study import Job, PublishedPart
from epsilon_research.studies import margins
from epsilon_research.studies.published import compare_with_published, published_tables
from epsilon_research.tracking.record import to_plain

SPREADS = {
    "nb201/epsilon": {
        "batch_size": 256,
        "datasets": ["photos", "npy"],
        "fixed_datasets": ["grey_scale"],
        "std_over_minibatches": {"spearman_rho": 0.03, "kendall_tau": 0.02, "top64_in_top5": 2.0},
        "std_over_tables": {"spearman_rho": 0.01},
    }
}
SOURCE = "NAS-Bench-NLP logs, logs.zip, {}, test_loss, {} of most recipes, 9 recipes, 9 runs"
MARGIN = 1.96 * math.sqrt(2 * 0.03**2 + 2 * 0.01**2) + 0.005
"""Of ρ on the published architectures: two minibatches, two tables, and the published rounding."""


@pytest.fixture(autouse=True)
def _known_spreads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(margins, "spreads", lambda: SPREADS)


def nb201_job(**changes) -> dict:
    job = {
        "job": 0,
        "folder": "0",
        "settings": {},
        "configuration": {"metric.epsilon.dispersion": "relative"},
        "run": {
            "search_space": "nb201",
            "first": 5000,
            "dataset": "photos",
            "weights": [1e-7, 1.0],
            "batch_size": 256,
        },
        "counts": {"architectures": 5000},
        "metrics": {"epsilon": {"paper": numbers(), "connected": numbers(n=4907)}},
    }
    job["run"] |= changes.pop("run", {})
    job["configuration"] |= changes.pop("configuration", {})
    return job | changes


def compare(jobs: list[dict], table: str) -> PublishedPart:
    ran = [(Job.from_json(job), job["configuration"]) for job in jobs]
    (found,) = compare_with_published(ran, [table])
    return found


def numbers(**changes) -> dict:
    found = {"n": 2957, "coverage": 0.6}
    for name, value in {"spearman_rho": 0.88, "kendall_tau": 0.70, "top64_in_top5": 44}.items():
        found |= {name: value, f"{name}_interval": [value - 0.02, value + 0.02]}
    return found | changes


def nlp_job(**changes) -> dict:
    run = {"search_space": "nbnlp", "dataset": "random_tokens", "weights": [1e-5, 1e-3]}
    run["benchmark_source"] = SOURCE.format("ptb", "1 run")
    return nb201_job(run=run | changes.pop("run", {}), **changes)


def entries(table: str, *jobs: dict) -> dict[tuple, dict]:
    found = to_plain(compare(list(jobs), table).to_json())["published_rows"]
    json.dumps(found, allow_nan=False)
    by_place = {(e["label"], e["statistic"], e["job"]): e for e in found}
    assert len(by_place) == len(found)
    return by_place


def test_a_job_stands_beside_the_row_of_its_weights_only() -> None:
    found = compare([nb201_job()], "nb201_weight_pairs")
    assert {row.label for row in found.published_rows} == {"[1e-07, 1]"}
    assert len(found.unmatched) == 27
    assert "[1e-07, 1]" not in found.unmatched


def test_an_entry_says_ours_and_published() -> None:
    entry = entries("nb201_weight_pairs", nb201_job())["[1e-07, 1]", "spearman_rho", 0]
    assert entry.pop("difference") == pytest.approx(0.01)
    assert entry.pop("margin") == pytest.approx(MARGIN)
    assert entry == {
        "table": "nb201_weight_pairs",
        "row": "[1e-07, 1]",
        "same_architectures": True,
        "not_judged": None,
        "job": 0,
        "label": "[1e-07, 1]",
        "metric": "epsilon",
        "protocol": "paper",
        "statistic": "spearman_rho",
        "ours": 0.88,
        "interval": [0.86, 0.90],
        "published": 0.87,
        "agrees": True,
    }


@pytest.mark.parametrize(
    "run",
    [
        {"dataset": "grey_scale"},
        {"dataset": "cifar100"},
        {"search_space": "nb101"},
        {"weights": [1e-7, 2.0]},
        {"weights": None},
        {"weights": [1e-7, 1.0, 2.0]},
        {"batch_size": 64},
        {"metric.epsilon.dispersion": "absolute"},
        {"metric.epsilon.dispersion": None},
        {"benchmark.dataset": "cifar100"},
    ],
)
def test_a_job_of_another_kind_stands_beside_no_row(run: dict) -> None:
    found = compare([nb201_job(run=run, configuration=run)], "nb201_weight_pairs")
    assert found.published_rows == []
    assert len(found.unmatched) == 28


def test_seeds_per_recipe_tell_tables_of_one_space_apart() -> None:
    """An archive of single runs is not put beside the table of three seeds."""
    for runs, tables in (
        ("1 run", {"nbnlp_main"}), ("3 runs", {"nbnlp_three_seeds"}), ("2 runs", set()),
    ):  # fmt: skip
        job = nlp_job(run={"benchmark_source": SOURCE.format("ptb", runs)})
        found = {name for name in ("nbnlp_main", "nbnlp_three_seeds") if entries(name, job)}
        assert found == tables


def test_null_in_a_match_is_null_only() -> None:
    assert not entries("nbnlp_main", nlp_job(run={"benchmark_source": None}))
    assert entries("nb201_weight_pairs", nb201_job(configuration={"benchmark.dataset": None}))


def test_embeddings_match_by_settings() -> None:
    settings = {
        "dataset.embedding.distribution": "uniform_centred",
        "dataset.embedding.scale": 0.1,
    }
    found = compare([nlp_job(configuration=settings)], "nbnlp_embeddings")
    assert {row.label for row in found.published_rows} == {"uniform_centered_0.1"}


def test_initialisations_match_by_the_settings_of_their_metric() -> None:
    settings = {"metric.random_initialisation.distribution": "orthogonal"}
    job = nb201_job(configuration=settings, metrics={"random_initialisation": {"paper": numbers()}})
    assert {label for label, *_ in entries("nb201_initialisations", job)} == {"orthogonal"}


def test_metrics_of_one_run_stand_beside_their_own_rows() -> None:
    metrics = {name: {"paper": numbers()} for name in ("epsilon", "synflow", "jacob_cov", "zen")}
    found = entries("nb201_main", nb201_job(metrics=metrics))
    pairs = {(label, entry["metric"]) for (label, *_), entry in found.items()}
    assert pairs == {("epsinas", "epsilon"), ("synflow", "synflow"), ("jacov", "jacob_cov")}


def test_correlations_with_losses_are_turned() -> None:
    found = entries("nbnlp_main", nlp_job(counts={"architectures": 14000}))
    assert found["epsinas", "spearman_rho", 0]["published"] == 0.34353182125820675
    assert found["epsinas", "spearman_rho_top10", 0]["published"] == 0.11795680881861968
    assert found["epsinas", "top64_in_top5", 0]["published"] == 13
    assert ("epsinas", "top10_overlap_percent", 0) not in found
    # Under its own name, and with the sign that a share has.
    overlap = found["epsinas", "published_top10_overlap_percent", 0]
    assert overlap["published"] == 26.230975828111013


def test_what_is_defined_otherwise_or_of_unknown_rows_is_left_out() -> None:
    found = entries("nbnlp_weight_pairs", nlp_job())
    assert {statistic for _, statistic, _ in found} == {"spearman_rho", "kendall_tau"}


@pytest.mark.parametrize(
    ("architectures", "counted", "best"),
    [(5000, True, True), (4999, False, True), (500, False, False), (15625, False, False)],
)
def test_counts_are_compared_where_as_many_were_scored(
    architectures: int, counted: bool, best: bool
) -> None:
    job = nb201_job(counts={"architectures": architectures})
    found = {statistic for _, statistic, _ in entries("nb201_weight_pairs", job)}
    assert ("n" in found, "top64_in_top5" in found, "spearman_rho" in found) == (
        counted,
        best,
        True,
    )


@pytest.mark.parametrize(
    ("benchmark", "counted"), [("nb101_official", True), ("mine.parquet", False)]
)
def test_the_first_cells_are_the_same_in_the_benchmarks_own_file_only(
    benchmark: str, counted: bool
) -> None:
    run = {"search_space": "nb101", "weights": [1e-4, 10.0], "benchmark": benchmark}
    found = {statistic for _, statistic, _ in entries("nb101_weight_pairs", nb201_job(run=run))}
    assert ("n" in found, "top64_in_top5" in found) == (counted, True)


def test_losses_on_another_text_are_not_those_of_the_paper() -> None:
    for corpus, known in (("ptb", True), ("wikitext-2", False)):
        source = SOURCE.format(corpus, "1 run")
        assert bool(entries("nbnlp_main", nlp_job(run={"benchmark_source": source}))) == known


def test_a_count_agrees_if_it_is_equal() -> None:
    for n, expected in ((2957, True), (2958, False)):
        job = nb201_job(metrics={"epsilon": {"paper": numbers(n=n)}})
        entry = entries("nb201_weight_pairs", job)["[1e-07, 1]", "n", 0]
        assert (entry["agrees"], entry["difference"]) == (expected, n - 2957)


def test_equal_published_rows_name_the_first_of_them() -> None:
    job = nb201_job(run={"weights": [1e-6, 1.0]})
    assert entries("nb201_weight_pairs", job)["[1e-06, 1]", "n", 0]["row"] == "[1e-07, 1]"


def test_other_architectures_add_their_own_spread_on_both_sides() -> None:
    job = nb201_job(counts={"architectures": 4999})
    entry = entries("nb201_weight_pairs", job)["[1e-07, 1]", "spearman_rho", 0]
    assert not entry["same_architectures"]
    chance = 2 * 0.03**2 + 2 * 0.01**2 + (0.02 / 1.96) ** 2 * (1 + 2957 / 2957)
    assert entry["margin"] == pytest.approx(1.96 * math.sqrt(chance) + 0.005)


def test_as_many_scored_but_others_defined_are_other_architectures() -> None:
    job = nb201_job(metrics={"epsilon": {"paper": numbers(n=2000)}})
    entry = entries("nb201_weight_pairs", job)["[1e-07, 1]", "spearman_rho", 0]
    assert not entry["same_architectures"]
    chance = 2 * 0.03**2 + 2 * 0.01**2 + (0.02 / 1.96) ** 2 * (1 + 2000 / 2957)
    assert entry["margin"] == pytest.approx(1.96 * math.sqrt(chance) + 0.005)


def test_inputs_without_a_draw_have_no_spread_over_minibatches() -> None:
    job = nb201_job(run={"dataset": "grey_scale"})
    entry = entries("nb201_inputs", job)["grey_scale", "spearman_rho", 0]
    assert entry["margin"] == pytest.approx(1.96 * math.sqrt(2 * 0.01**2) + 0.005)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"metrics": {"epsilon": {"paper": numbers(n=399)}}}, "fewer than 400 architectures"),
        ({"metrics": {"synflow": {"paper": numbers()}}}, "spread not measured"),
        ({"run": {"dataset": "cifar10"}}, "spread not measured"),
    ],
)
def test_few_rows_and_unmeasured_spreads_never_count_as_agreement(
    change: dict, reason: str
) -> None:
    found = entries("nb201_main", nb201_job(**change))
    (entry,) = (one for (_, name, _), one in found.items() if name == "spearman_rho")
    assert (entry["agrees"], entry["not_judged"]) == (None, reason)


@pytest.mark.parametrize("undefined", [None, math.nan])
def test_what_is_undefined_agrees_with_nothing(undefined: float | None) -> None:
    paper = numbers(spearman_rho=undefined, kendall_tau_interval=[undefined, undefined])
    found = entries("nb201_weight_pairs", nb201_job(metrics={"epsilon": {"paper": paper}}))
    rho, tau = (found["[1e-07, 1]", name, 0] for name in ("spearman_rho", "kendall_tau"))
    assert (rho["ours"], rho["difference"], rho["agrees"]) == (None, None, None)
    # On the published architectures the interval over architectures is not needed.
    assert (tau["ours"], tau["interval"], tau["agrees"]) == (0.70, None, True)
    assert found["[1e-07, 1]", "top10_overlap_percent", 0]["ours"] is None


def test_a_job_without_statistics_stands_for_no_row() -> None:
    job = nb201_job()
    del job["metrics"]
    found = compare([job], "nb201_weight_pairs")
    assert (found.published_rows, len(found.unmatched)) == ([], 28)


def test_several_jobs_may_stand_for_one_row() -> None:
    found = entries("nb201_weight_pairs", nb201_job(), nb201_job(job=1, run={"dataset": "npy"}))
    assert {job for _, _, job in found} == {0, 1}


def selection() -> dict:
    def chosen(mean: float) -> dict:
        return {"test_accuracy": {"mean": mean, "std": 0.01}, "mean_rank": 3.0}

    entry = {"runs": 400, "random": chosen(0.8), "optimum": chosen(0.942), "best_known": 0.9437}
    first = entry | {"metric": "synflow", **chosen(0.9), "others": {"epsilon": chosen(0.9345)}}
    return {"100": first, "1000": entry | {"metric": "epsilon", **chosen(0.93), "others": {}}}


def test_one_architecture_is_compared_by_sample_size_and_choice() -> None:
    settings = {"search.protocol": "published"}
    job = nb201_job(selection=selection(), configuration=settings)
    found = entries("one_architecture", job)
    assert {label for label, *_ in found} == {
        "CIFAR-10: epsilon, best-scored of 100",
        "CIFAR-10: epsilon, best-scored of 1,000",
        "CIFAR-10: most accurate of 1,000",
        "CIFAR-10: most accurate of all",
    }
    of_100 = found["CIFAR-10: epsilon, best-scored of 100", "test_accuracy_mean", 0]
    assert of_100["interval"] == pytest.approx([0.9345 - 0.00098, 0.9345 + 0.00098])
    assert (of_100["metric"], of_100["published"]) == ("epsilon", 0.9339)
    assert (of_100["agrees"], of_100["not_judged"]) == (None, "spread not measured")
    of_1000 = found["CIFAR-10: epsilon, best-scored of 1,000", "test_accuracy_mean", 0]
    assert of_1000["ours"] == 0.93
    best = found["CIFAR-10: most accurate of all", "test_accuracy_mean", 0]
    assert (best["ours"], best["agrees"]) == (0.9437, None)


def test_a_choice_by_exact_scores_is_not_the_published_one() -> None:
    jobs = [
        nb201_job(job=number, selection=selection(), configuration={"search.protocol": protocol})
        for number, protocol in enumerate(("sound", "published"))
    ]
    found = entries("one_architecture", *jobs)
    assert len(found) > 3
    assert {job for *_, job in found} == {1}


def test_reference_numbers_and_other_images_stay_unmatched() -> None:
    settings = {"search.protocol": "published"}
    job = nb201_job(selection={"10": selection()["100"]}, configuration=settings)
    found = compare([job], "one_architecture")
    assert len(found.unmatched) == 17
    assert "CIFAR-10: random search" in found.unmatched
    assert compare([nb201_job()], "one_architecture").published_rows == []


def test_an_unknown_table_is_answered_with_those_that_there_are() -> None:
    sentence = "must name tables of paper.json, got 'nb201_pairs': choose among nb201_"
    for ask in (lambda: published_tables("nb201_pairs"), lambda: compare([], "nb201_pairs")):
        with pytest.raises(ValueError, match=sentence) as error:
            ask()
        assert "nbnlp_embeddings" in str(error.value)


def test_no_tables_no_comparison() -> None:
    assert compare_with_published([], []) == []
    assert list(published_tables("nb101_main")) == ["nb101_main"]
    assert len(published_tables()) >= 12
