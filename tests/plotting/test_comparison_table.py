import io

import numpy as np
import pytest
from rich.console import Console

from epsilon_research.plotting.comparison_table import comparison_table, duration
from epsilon_research.tracking.record import to_plain
from tests.plotting.comparisons import METRICS, compared_frame, compared_summary


def show(summary, *, width=80):
    stream = io.StringIO()
    Console(file=stream, width=width).print(comparison_table(summary))
    return stream.getvalue()


@pytest.fixture
def summary(frame):
    return compared_summary(compared_frame(frame))


def table(text, title):
    """The rows of the table under a title, as lists of words."""
    lines = text.split(title, 1)[1].splitlines()
    rule = next(place for place, line in enumerate(lines) if line.startswith("──"))
    rows = lines[rule + 1 :]
    end = next((place for place, line in enumerate(rows) if not line.strip()), len(rows))
    return [line.split() for line in rows[:end] if line.split()[0] in METRICS]


def test_all_metrics_stand_side_by_side_best_on_top(summary):
    rows = table(show(summary), "connected: each metric")
    rho = {metric: summary["metrics"][metric]["connected"]["spearman_rho"] for metric in METRICS}
    assert [row[0] for row in rows] == sorted(METRICS, key=lambda metric: -rho[metric])
    for row in rows:
        found = summary["metrics"][row[0]]["connected"]
        assert row[1] == str(found["n"])
        assert row[2] == f"{100 * found['coverage']:.1f}"
        assert row[3] == f"{found['spearman_rho']:.3f}".replace("-", "−")
        low, high = (
            f"{end:.3f}".replace("-", "−").replace("0.", ".")
            for end in found["spearman_rho_interval"]
        )
        assert f"{row[4]} {row[5]}" == f"[{low}, {high}]"
        assert row[6] == f"{found['kendall_tau']:.2f}".replace("-", "−")
        assert row[9] == f"{found['ndcg']:.2f}"


def test_the_time_of_each_metric_stands_beside_it_where_it_is_known(summary):
    rows = {row[0]: " ".join(row[10:]) for row in table(show(summary), "connected: each metric")}
    assert rows["epsilon"] == "15 ms"
    assert rows["naswot"] == "1.3 s"
    assert rows["zen"] == "–"
    summary["comparison"]["seconds_per_architecture"] = {}
    assert "ms" not in show(summary)


def test_every_metric_is_set_against_the_first(summary):
    rows = {row[0]: row[1:] for row in table(show(summary), "Steiger's test")}
    common = summary["comparison"]["common"]
    rho = common["spearman_rho"]
    for metric in METRICS[1:]:
        shown = f"{rho[metric] - rho['epsilon']:.3f}".replace("-", "−")
        assert rows[metric][0] == shown
        low, high = (float(word.strip("[,]").replace("−", "-")) for word in rows[metric][1:3])
        assert low < high
        [part] = [
            p for p in common["differences"] if {p["first"], p["second"]} == {"epsilon", metric}
        ]
        # Turned, because the table says how much higher the other one is.
        assert rows[metric][3] == f"{-part['z']:.1f}".replace("-", "−")
    within = common["within_equal_num_convolutions"]["epsilon"]["spearman_rho"]
    assert rows["epsilon"][0] == f"{within:.3f}".replace("-", "−")


def test_the_best_aggregates_are_named(summary):
    best = summary["comparison"]["common"]["aggregates"]["pairs"][0]
    text = " ".join(show(summary, width=200).split())
    assert f"best subsets: {' + '.join(best['metrics'])} {best['spearman_rho']:.3f};" in text
    assert "all 4 " in text


def test_rows_that_float32_defines_have_a_table_of_their_own(summary):
    assert "common_float32: of those" in show(summary)
    del summary["comparison"]["common_float32"]
    for protocols in summary["metrics"].values():
        del protocols["common_float32"]
    assert "common_float32" not in show(summary)


def test_a_summary_read_back_from_json_shows_the_same(summary):
    assert show(to_plain(summary)) == show(summary)


def test_what_is_undefined_is_a_dash(frame):
    frame = compared_frame(frame)
    frame["zen"] = np.nan
    for summary in (compared_summary(frame), to_plain(compared_summary(frame))):
        text = show(summary)
        assert "nan" not in text
        assert "None" not in text
        zen = table(text, "common: the architectures")[-1]
        assert zen[1:4] == ["0", "0.0", "–"]


def test_the_widest_numbers_fit_into_80_columns(summary):
    wide = {
        "n": 423_624,
        "coverage": 0.99999,
        "spearman_rho": -0.8765,
        "spearman_rho_interval": [-0.8911, -0.8612],
        "kendall_tau": -0.6543,
        "spearman_rho_top10": -0.1234,
        "top10_overlap_percent": 38.46,
        "ndcg": 0.99,
    }
    for protocols in summary["metrics"].values():
        protocols["connected"] = wide
    summary["comparison"]["seconds_per_architecture"] = dict.fromkeys(METRICS, 0.4512)
    text = show(summary)
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "451 ms" in text
    assert "423,624" in text


def test_a_run_without_comparison_prints_nothing():
    assert show({"metrics": {"epsilon": {}}}).strip() == ""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0004, "0.4 ms"), (0.0149, "15 ms"), (0.9, "900 ms"), (1.26, "1.3 s"), (None, "–")],
)
def test_durations_are_short(seconds, shown):
    assert duration(seconds) == shown
