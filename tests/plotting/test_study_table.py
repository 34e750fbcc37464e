import io
import statistics as reference

import pytest
from hypothesis import given, settings
from rich.console import Console

from epsilon_research.plotting.study_table import study_table
from tests.plotting.studies import (
    batch_sizes,
    entry,
    job,
    metrics,
    published,
    searches,
    statistics,
    studies,
    study,
    weight_pairs,
)


def show(record, *, width=80):
    stream = io.StringIO()
    Console(file=stream, width=width).print(study_table(record))
    return stream.getvalue()


def table(text, title):
    """The lines of the table under a title, as lists of words."""
    lines = text.split(title, 1)[1].splitlines()
    rule = next(place for place, line in enumerate(lines) if line.startswith("──"))
    rows = lines[rule + 1 :]
    end = next((place for place, line in enumerate(rows) if not line.strip()), len(rows))
    return [line.split() for line in rows[:end]]


def test_title_and_question_come_first():
    assert show(weight_pairs()).startswith("A study's title\nWhat does it ask?\n")


def test_ours_stands_beside_published_with_difference_and_mark():
    rows = table(show(weight_pairs()), "beside the published numbers: Table 1")
    assert rows[:6] == [
        ["[1e-07,1]", "ours", "2,957", "0.871"],
        ["published", "2,957", "✓", "0.87", "✓"],
        ["difference", "0", "+0.001"],
        ["[1e-07,0.01]", "ours", "2,957", "0.250"],
        ["published", "2,957", "✓", "0.31", "✗"],
        ["difference", "0", "−0.060"],
    ]
    assert rows[7] == ["published", "2,957", "✗", "−0.30", "–"]
    assert rows[8] == ["difference", "+1,950", "0.000"]


def test_marks_are_explained_only_where_there_are_some():
    assert "within the margin that chance explains" in show(weight_pairs())
    assert "within the margin that chance explains" not in show(weight_pairs() | {"published": []})


def test_published_rows_without_a_job_are_told_in_one_line():
    assert "published, but without a job here: [0.1, 10]\n" in show(weight_pairs())
    record = weight_pairs()
    record["published"][0]["unmatched"] = [f"row {number}" for number in range(9)]
    assert "row 5 and 3 more" in " ".join(show(record).split())


def test_notes_and_sources_of_published_tables_are_told():
    record = weight_pairs()
    record["published"][0]["note"] = "as printed"
    assert "note: as printed\nsource: appendix A" in show(record)


def test_the_other_protocols_follow_with_coverage_and_interval():
    rows = table(show(weight_pairs()), "under the other protocols")
    assert rows == [
        ["[1e-07,1]", "connected", "4,907", "98.1", "0.435", "[.415,", ".446]", "0.336"],
        ["[1e-07,0.01]", "connected", "4,907", "98.1", "0.125", "[.105,", ".135]", "0.025"],
        ["[0.01,1]", "connected", "4,907", "98.1", "−0.150", "[−.170,", "−.140]", "−0.250"],
    ]


def test_a_protocol_without_a_published_number_is_among_the_others():
    record = weight_pairs()
    kept = [part for part in record["published"][0]["comparison"] if part["job"] != 2]
    record["published"][0]["comparison"] = kept
    rows = table(show(record), "the other protocols")
    assert [row[:2] for row in rows[1:3]] == [["[1e-07,0.01]", "connected"], ["[0.01,1]", "paper"]]
    assert rows[3][0] == "connected"


def test_without_published_tables_there_is_the_table_of_protocols_only():
    text = show(weight_pairs() | {"published": []})
    assert "published" not in text
    rows = table(text, "under each protocol")
    assert [row[0] for row in rows[::2]] == ["[1e-07,1]", "[1e-07,0.01]", "[0.01,1]"]
    assert {row[0] for row in rows[1::2]} == {"connected"}
    assert [row[-4] for row in rows[:2]] == ["0.871", "0.435"]


def test_draws_are_one_row_with_mean_and_standard_deviation():
    record = batch_sizes()
    text = show(record)
    first = table(text, "beside the published numbers")[:5]
    rhos = [0.5 + 8 / 4096 + 0.01 * draw for draw in range(4)]
    mean, std = reference.mean(rhos), reference.stdev(rhos)
    assert first == [
        ["8", "mean", "of", "4", f"{mean:.3f}"],
        ["std", f"{std:.3f}"],
        ["published", "0.52"],
        ["difference", f"{mean - 0.52:.3f}".replace("-", "−")],
        ["inside", "2/4"],
    ]
    others = table(text, "under the other protocols")
    assert len(others) == 3
    half = f"{mean / 2:.3f} ± {reference.stdev(rho / 2 for rho in rhos):.3f}".split()
    assert others[0][:7] == ["8", "connected", "4,900–4,903", "59.0", *half]
    assert "standard deviation over 4 draws" in text


def test_draws_without_a_value_are_not_averaged_in_silence():
    record = batch_sizes() | {"published": []}
    record["jobs"][0]["metrics"]["epsilon"]["connected"]["spearman_rho"] = None
    rows = table(show(record), "under each protocol")
    assert "(3)" in rows[1]
    assert "(3)" not in rows[0]


def test_metrics_of_one_job_are_rows():
    rows = table(show(metrics()), "under each protocol")
    assert [row[0] for row in rows[::2]] == ["epsilon", "synflow", "num_parameters"]
    assert rows[0][:5] == ["epsilon", "paper", "2,957", "59.0", "0.800"]


def test_several_settings_share_a_column_where_it_is_narrow():
    record = study(
        [
            job(
                number,
                {"dataset.embedding.scale": scale, "benchmark": "nb201_cifar10"},
                {"epsilon": {"paper": statistics(0.5)}},
            )
            for number, scale in enumerate(("0.1", ""))
        ],
        ["dataset.embedding.scale", "benchmark"],
    )
    narrow, wide = show(record), show(record, width=140)
    assert "scale=0.1" in narrow
    assert "scale=default" in narrow
    assert "benchmark=nb201_cifar10" in narrow
    assert "benchmark=" not in wide
    assert table(wide, "each protocol")[0][:3] == ["0.1", "nb201_cifar10", "paper"]


def test_a_wide_console_shows_intervals_beside_the_published_numbers():
    record = weight_pairs()
    record["published"][0]["comparison"][0]["interval"] = [0.86, 0.88]
    assert "[.860, .880]" not in show(record)
    assert "[.860, .880]" in show(record, width=120)


def test_other_published_numbers_have_lines_of_their_own():
    comparison = [
        entry(0, "test_accuracy_mean", 0.93861, 0.9386, agrees=True, label="best of 1,000"),
        entry(0, "test_accuracy_std", 0.0050, 0.0043, label="best of 1,000"),
        entry(0, "test_accuracy_mean", 0.93, 0.94, agrees=False, label="best of 100"),
    ]
    record = weight_pairs() | {"published": [published(comparison)]}
    rows = table(show(record), "beside the published numbers")
    lines = [" ".join(row).partition("test accuracy ")[2] for row in rows if "accuracy" in row]
    assert lines == [
        "mean 0.9386 0.9386 0.0000 ✓",
        "std 0.0050 0.0043 +0.0007 –",
        "mean 0.9300 0.9400 −0.0100 ✗",
    ]
    text = " ".join(show(record, width=140).split())
    assert "[1e-07,1] best of 1,000 test accuracy mean" in text
    assert "[1e-07,1] best of 100 test accuracy mean" in text


def test_missing_and_incomplete_jobs_are_told():
    record = weight_pairs() | {"missing_jobs": ["3", "12"]}
    record["jobs"][1]["incomplete"] = "interrupted after 12 architectures"
    text = show(record)
    assert "2 jobs ended without a summary: 3, 12" in text
    assert "job 1: interrupted after 12 architectures" in text
    assert "without a summary" not in show(weight_pairs())


def test_weights_chosen_by_a_rule_are_shown():
    record = weight_pairs()
    record["jobs"][0]["weight_rule"] = {"rule": "limits", "weights": [1e-7, 1e5], "tried": [1, 2]}
    record["jobs"][1]["weight_rule"] = {
        "rule": "widest",
        "weights": [1e-3, 1],
        "picks": {"paper": [1e-3, 1], "worst": None},
    }
    rows = table(show(record), "weights chosen by a rule")
    assert rows[0] == ["[1e-07,1]", "limits", "[1e-07,100000]", "–", "2"]
    assert rows[1] == ["[1e-07,0.01]", "widest", "[0.001,1]", "paper:", "[0.001,1]", "–"]
    assert rows[2] == ["worst:", "no", "pair"]


def test_stability_is_shown():
    record = weight_pairs()
    part = {"repeats": 4, "n": 196, "coverage": 0.98, "mean_rho": 0.912, "min_rho": 0.85}
    record["jobs"][0]["stability"] = {
        "epsilon": {"minibatch": part | {"mean_top10_overlap": None}},
    }
    [row] = table(show(record), "the same architectures ranked again")
    assert row == ["[1e-07,1]", "epsilon", "minibatch", "4", "196", "98.0", "0.912", "0.850", "–"]


@pytest.mark.parametrize(("higher", "shown"), [(True, "93.86 ± 0.43"), (False, "0.94 ± 0.00")])
def test_the_choice_of_one_architecture_is_shown_by_sample_size(higher, shown):
    def worth(mean):
        return {"test_accuracy": {"mean": mean, "std": 0.0043}, "mean_rank": 2.0}

    record = weight_pairs()
    record["jobs"][0]["selection"] = {
        "1000": {
            "metric": "epsilon",
            "higher_is_better": higher,
            **worth(0.9386),
            "random": worth(0.87),
            "optimum": worth(0.942),
            "others": {"synflow": worth(0.93)},
        }
    }
    text = show(record)
    rows = table(text, "one architecture without training")
    assert rows[0][:6] == ["[1e-07,1]", "1,000", "epsilon", *shown.split()]
    assert rows[1][0] == "synflow"


def test_a_study_without_accuracies_says_so():
    record = study([job(0, {}, {})], [])
    assert "no job has accuracies" in show(record)


def test_the_widest_numbers_fit_into_80_columns():
    record = weight_pairs()
    wide = statistics(-0.876, n=423_624, coverage=0.99999)
    for one in record["jobs"]:
        one["settings"]["weights"] = f"[1e-0{7 - one['job']},0.0001]"
        one["metrics"]["epsilon"] = {"paper": wide, "connected": wide}
    record["published"][0]["comparison"] = [
        entry(number, name, -0.8765, -0.87, agrees=False)
        for number in range(3)
        for name in ("spearman_rho", "kendall_tau", "spearman_rho_top10")
    ]
    record["published"][0]["comparison"] += [
        entry(number, "n", 423_624, 15_625, agrees=False) for number in range(3)
    ]
    record["published"][0]["comparison"] += [
        entry(number, name, 98.76, 45.75, agrees=True)
        for number in range(3)
        for name in ("top10_overlap_percent", "top64_in_top5")
    ]
    text = show(record)
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "−0.87  ✗" in text
    assert "[1e-07,0.0001]" in text
    assert "[−.896, −.866]" in text


@settings(max_examples=60)
@given(record=studies())
def test_every_study_renders_without_nan(record):
    for width in (80, 120):
        text = show(record, width=width)
        for word in ("nan", "NaN", "None"):
            assert word not in text
        assert max(len(line) for line in text.splitlines()) <= width


def test_searches_show_early_and_last_medians_and_the_models_to_the_target():
    rows = table(show(searches(), width=120), "search: medians over repeats")
    assert rows == [
        ["published", "random", "search", "92.30", "92.45", "40", "93.00", "12", "(75.0", "%)"],
        ["sound", "random", "search", "92.30", "92.45", "40", "93.00", "12", "(75.0", "%)"],
        [
            "random",
            "search,",
            "epsilon",
            "warm-up",
            "92.80",
            "92.95",
            "40",
            "93.00",
            "12",
            "(75.0",
            "%)",
        ],
    ]


def test_searches_of_several_draws_are_one_row_of_means():
    record = searches()
    first, second = (job["search"]["random_search"] for job in record["jobs"])
    second |= {"median_curve": [value + 0.002 for value in first["median_curve"]]}
    second["targets"] = {"0.93": {"accuracy": 0.93, "median_models": None, "reached_share": 0.25}}
    for number, job_ in enumerate(record["jobs"]):
        job_["search"] = {"random_search": job_["search"]["random_search"]}
        job_["settings"] = {"seed": str(number)}
    record["settings"] = ["seed"]
    (row,) = table(show(record), "search: medians over repeats")
    assert row == ["random", "search", "92.40", "92.55", "40", "93.00", "12", "(50.0", "%)"]


def test_a_short_search_is_looked_at_where_it_ends_and_a_draw_without_one_is_left_out():
    record = searches()
    short = record["jobs"][1]["search"]["random_search"]
    short |= {"median_curve": [0.5, 0.75], "budget": 2}
    record["jobs"][1]["search"] = {"random_search": short}
    del record["jobs"][0]["search"]
    for number, found in enumerate(record["jobs"]):
        found["settings"] = {"seed": str(number)}
    record["settings"] = ["seed"]
    text = show(record)
    assert table(text, "search: medians over repeats")[0][:5] == (
        ["random", "search", "75.00", "75.00", "2"]
    )
    first, second = text.split("search: medians over repeats")[1].splitlines()[1:3]
    assert first.split()[:2] == ["after", "at"]
    assert second.split()[:3] == ["variant", "2", "end"]
