import copy

import matplotlib.colors
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from matplotlib.collections import LineCollection, PathCollection, PolyCollection, QuadMesh
from matplotlib.figure import Figure

from epsilon_research.plotting import STUDY_FIGURES, save_study_figure
from epsilon_research.plotting.scales import LOG, apply_values
from epsilon_research.plotting.scatter import study_scatter
from epsilon_research.plotting.study import setting_curves, setting_dots
from epsilon_research.plotting.style import figure_style, look_of
from epsilon_research.plotting.weight_grid import weight_grid
from epsilon_research.reporting.study import Study
from epsilon_research.reporting.typed_json import read_record
from tests.plotting.drawn import words
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


def draw(make, record, **arguments):
    with figure_style():
        figure = make(read_record(Study, record), **arguments)
        figure.draw_without_rendering()
    return figure


def labels(ticks):
    return [label.get_text() for label in ticks]


def markers(axes, colour):
    """Positions of the dots of a colour; hollow ones are left out."""
    return [
        point
        for line in axes.lines
        if line.get_linestyle() == "None"
        and line.get_marker() != "D"
        and matplotlib.colors.same_color(line.get_color(), colour)
        for point in line.get_xydata().tolist()
    ]


def diamonds(axes):
    return [
        tuple(point)
        for line in axes.lines
        if line.get_marker() == "D" and line.get_markerfacecolor() == "none"
        for point in line.get_xydata().tolist()
    ]


def maps(figure):
    """{heading: values by row and column} of the heat maps."""
    return {
        axes.get_title("left"): axes.findobj(QuadMesh)[0].get_array().reshape(2, 2)
        for axes in figure.axes
        if axes.get_title("left")
    }


def test_a_weight_grid_has_a_map_for_each_protocol_and_one_of_the_published_numbers():
    record = weight_pairs()
    # The order of the two weights does not matter.
    record["jobs"][0]["run"]["weights"] = [1.0, 1e-7]
    figure = draw(weight_grid, record)
    found = maps(figure)
    assert list(found) == [
        "(a) protocol paper\nbelow ρ: n",
        "(b) protocol connected\nn = 4,907",
        "(c) published\nn = 2,957",
    ]
    limits = {mesh.get_clim() for axes in figure.axes for mesh in axes.findobj(QuadMesh)}
    assert limits == {(-1, 1)}
    paper, connected, printed = found.values()
    # Rows are larger weights (0.01, 1), columns smaller ones (1e-7, 0.01).
    for values, expected in (
        (paper, [[0.25, np.nan], [0.871, -0.3]]),
        (connected, [[0.125, np.nan], [0.4355, -0.15]]),
        (printed, [[0.31, np.nan], [0.87, -0.3]]),
    ):
        np.testing.assert_allclose(values.filled(np.nan), expected)


def test_the_cells_of_a_weight_grid_show_their_number_and_their_rows():
    paper, connected, *_ = draw(weight_grid, weight_pairs()).axes
    shown = {(*map(round, text.get_position()), text.get_text()) for text in paper.texts}
    assert shown == {
        (0, 1, "0.87"),
        (0, 1, "2,957"),
        (0, 0, "0.25"),
        (0, 0, "2,957"),
        (1, 1, "−0.30"),
        (1, 1, "4,907"),
    }
    assert [text.get_text() for text in connected.texts] == ["0.12", "0.44", "−0.15"]
    assert labels(paper.get_xticklabels()) == ["10⁻⁷", "10⁻²"]
    assert labels(paper.get_yticklabels()) == ["0.01", "1"]


def test_a_pair_without_a_correlation_is_hatched_and_no_zero():
    record = weight_pairs()
    record["jobs"][0]["metrics"]["epsilon"]["paper"] |= {"spearman_rho": None, "n": 1}
    paper = draw(weight_grid, record).axes[0]
    assert "–" in words(paper)
    assert [patch.get_hatch() for patch in paper.patches] == ["////"]
    assert paper.findobj(QuadMesh)[0].get_array().reshape(2, 2).mask[1, 0]


def test_other_settings_of_a_weight_grid_are_rows_of_maps():
    record = weight_pairs()
    for one in record["jobs"]:
        one["settings"]["dataset"] = "photos"
    others = copy.deepcopy(record["jobs"])
    for one in others:
        one["job"] += 10
        one["settings"]["dataset"] = "grey_scale"
    record |= {"jobs": record["jobs"] + others, "settings": ["weights", "dataset"]}
    figure = draw(weight_grid, record)
    titles = [axes.get_title("left").split("\n")[0] for axes in figure.axes]
    assert titles[:5] == [
        "(a) protocol paper",
        "(b) protocol connected",
        "(c) published",
        "(d) protocol paper",
        "(e) protocol connected",
    ]
    assert "photos\nlarger weight" in words(figure)
    assert "grey_scale\nlarger weight" in words(figure)


def test_a_row_of_settings_has_a_dot_for_each_protocol():
    rho, top, coverage = draw(setting_dots, weight_pairs()).axes
    assert labels(rho.get_yticklabels()) == ["[1e-7,1]", "[1e-7,0.01]", "[0.01,1]"]
    paper, connected = (look_of(name)["color"] for name in ("paper", "connected"))
    assert [(x, round(y)) for x, y in markers(rho, paper)] == [(0.871, 0), (0.25, 1), (-0.3, 2)]
    assert [x for x, _ in markers(rho, connected)] == [0.4355, 0.125, -0.15]
    np.testing.assert_allclose([x for x, _ in markers(top, paper)], [0.771, 0.15, -0.4])
    np.testing.assert_allclose([x for x, _ in markers(coverage, connected)], [0.9814] * 3)
    assert "100" in labels(coverage.get_xticklabels())
    # From the top.
    low, high = rho.get_ylim()
    assert low > high


def test_intervals_and_published_values_are_drawn_where_they_are():
    rho, top, _ = draw(setting_dots, weight_pairs()).axes
    paper = look_of("paper")["color"]
    spans = [
        segment[:, 0]
        for part in rho.findobj(LineCollection)
        if matplotlib.colors.same_color(part.get_color()[0], paper)
        for segment in part.get_segments()
    ]
    np.testing.assert_allclose(spans[0], (0.851, 0.881))
    heights = [y for _, y in markers(rho, paper)]
    assert diamonds(rho) == [(0.87, heights[0]), (0.31, heights[1]), (-0.3, heights[2])]
    assert diamonds(top) == []


def test_metrics_are_rows_of_settings():
    figure = draw(setting_dots, metrics())
    assert labels(figure.axes[0].get_yticklabels()) == ["epsilon", "synflow", "num_parameters"]
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == ["paper", "common", "95 % interval"]


def test_draws_are_one_row_with_their_mean_and_range():
    figure = draw(setting_dots, batch_sizes())
    rho = figure.axes[0]
    assert labels(rho.get_yticklabels()) == ["8", "64", "1024"]
    np.testing.assert_allclose(markers(rho, look_of("paper")["color"])[0][0], 0.515 + 8 / 4096)
    assert len(diamonds(rho)) == 3
    assert "mean and range of 4 draws" in words(figure)


def curves(axes):
    """{colour: (horizontal, vertical)} of the lines with several points."""
    return {
        line.get_color(): (line.get_xdata(), line.get_ydata())
        for line in axes.lines
        if line.get_marker() not in ("None", "D") and len(line.get_xdata()) > 1
    }


def test_a_curve_runs_through_the_means_of_draws_in_a_band_over_their_range():
    figure = draw(setting_curves, batch_sizes())
    rho, _, coverage = figure.axes
    x, y = curves(rho)[look_of("paper")["color"]]
    np.testing.assert_allclose(x, np.log10([8, 64, 1024]))
    np.testing.assert_allclose(y, 0.515 + np.array([8, 64, 1024]) / 4096)
    assert rho.get_xlabel() == "batch size, log scale"
    assert labels(rho.get_xticklabels()) == ["8", "64", "1024"]
    assert len(rho.findobj(PolyCollection)) == 2
    np.testing.assert_allclose(sorted(diamonds(rho)), [(v, 0.52) for v in np.log10([8, 64, 1024])])
    np.testing.assert_allclose(curves(coverage)[look_of("paper")["color"]][1], 0.59)


def test_a_curve_of_single_jobs_has_interval_bars():
    record = batch_sizes(draws=1)
    figure = draw(setting_curves, record)
    bars = figure.axes[0].findobj(LineCollection)
    assert [len(part.get_segments()) for part in bars] == [3, 3]
    # The bars of two protocols stand beside each other.
    assert not {x for part in bars for x in part.get_segments()[0][:, 0]} & {np.log10(8)}
    assert "95 % interval" in words(figure)
    assert not figure.axes[0].findobj(PolyCollection)


@pytest.mark.parametrize("scales", [(0.5, 0, 2), (2, 1, 0.5), (-3, 0, 6)])
def test_a_setting_below_a_decade_has_a_linear_axis(scales):
    jobs = [
        job(number, {"dataset.embedding.scale": scale}, {"epsilon": {"paper": statistics(0.5)}})
        for number, scale in enumerate(scales)
    ]
    rho = draw(setting_curves, study(jobs, ["dataset.embedding.scale"])).axes[0]
    assert rho.get_xlabel() == "embedding scale"
    np.testing.assert_allclose(curves(rho)[look_of("paper")["color"]][0], sorted(scales))


def test_metrics_are_rows_of_curves():
    record = batch_sizes(draws=1)
    for one in record["jobs"]:
        one["metrics"]["synflow"] = {"paper": statistics(0.1)}
    figure = draw(setting_curves, record)
    assert len(figure.axes) == 6
    assert [figure.axes[place].get_title("left") for place in (0, 3)] == [
        "(a) epsilon",
        "(d) synflow",
    ]


@pytest.fixture
def scored(frame, tmp_path):
    """A study of two jobs with their tables of scores."""
    record = weight_pairs()
    record["jobs"] = record["jobs"][:2]
    for number, one in enumerate(record["jobs"]):
        (tmp_path / one["folder"]).mkdir()
        changed = frame.assign(epsilon=frame["epsilon"] * (number + 1))
        changed.to_parquet(tmp_path / one["folder"] / "scores.parquet")
    return record


def test_each_job_is_a_panel_of_scores_against_accuracies(scored, tmp_path, frame):
    figure = draw(study_scatter, scored, folder=tmp_path)
    assert len(figure.axes) == 2
    shown = frame["connected"] & frame["epsilon"].notna() & frame["test_accuracy"].notna()
    for axes, title in zip(figure.axes, ("(a) [1e-7,1]", "(b) [1e-7,0.01]"), strict=True):
        assert axes.get_title("left").split("\n")[0] == title
        assert f"n = {shown.sum()}" in axes.get_title("left")
        dots = [part for part in axes.findobj(PathCollection) if len(part.get_offsets()) > 1]
        assert [len(part.get_offsets()) for part in dots] == [shown.sum()]
        assert "test accuracy (%)" in axes.get_xlabel()
    assert {"defined in float32", "undefined in float32"} <= set(words(figure))


def test_losses_stay_as_they_are(scored, tmp_path):
    for one in scored["jobs"]:
        one["run"]["higher_is_better"] = False
    axes = draw(study_scatter, scored, folder=tmp_path).axes[0]
    assert "lower is better" in axes.get_xlabel()
    assert axes.get_xlim()[1] < 1.1


def test_panels_of_different_targets_have_their_own_words(scored, tmp_path):
    scored["jobs"][1]["run"]["target"] = "validation_accuracy"
    first, second = draw(study_scatter, scored, folder=tmp_path).axes
    assert first.get_xlabel().startswith("test accuracy (%)")
    assert second.get_xlabel().startswith("validation accuracy (%)")
    # The left panel has the same score.
    assert [first.get_ylabel(), second.get_ylabel()] == ["epsilon score", ""]


def test_a_missing_table_of_scores_is_named(scored, tmp_path):
    (tmp_path / "1" / "scores.parquet").unlink()
    with pytest.raises(ValueError, match=r"scores of each job, .*1.scores.parquet is not there"):
        draw(study_scatter, scored, folder=tmp_path)


@pytest.mark.parametrize("figure", STUDY_FIGURES)
def test_every_figure_is_written_the_same_each_time(figure, scored, tmp_path):
    record = {"search": searches(), "curve": batch_sizes()}.get(figure, scored)

    def contents():
        paths = save_study_figure(
            read_record(Study, record), figure=figure, folder=tmp_path / "figures"
        )
        expected = [] if figure == "none" else [f"{figure}.png", f"{figure}.pdf"]
        assert [path.name for path in paths] == expected
        return [path.read_bytes() for path in paths]

    assert contents() == contents()


def test_an_unknown_figure_is_refused_with_the_options(tmp_path):
    with pytest.raises(ValueError, match=r"one of weight_grid, settings, .*, got 'pie'"):
        save_study_figure(
            read_record(Study, weight_pairs()), figure="pie", folder=tmp_path / "figures"
        )
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize("figure", [name for name in STUDY_FIGURES if name != "none"])
def test_a_figure_that_cannot_be_drawn_is_refused_in_one_sentence(figure, tmp_path):
    record = study([job(0, {"dataset": "photos"}, {})], ["dataset"])
    with pytest.raises(ValueError, match=rf"figure={figure} must have .*, got .*: choose"):
        save_study_figure(read_record(Study, record), figure=figure, folder=tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


def test_a_study_without_differing_weights_or_numbers_has_no_grid_and_no_curve():
    found = {"epsilon": {"paper": statistics(0.5)}}
    jobs = [job(number, {"dataset": name}, found) for number, name in enumerate("ab")]
    for make in (weight_grid, setting_curves):
        with pytest.raises(ValueError, match=r"got .*dataset: choose figure=settings"):
            draw(make, study(jobs, ["dataset"]))


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((8.0, 16, 32, 64, 128, 256, 512, 1024), ["8", "32", "128", "512"]),
        ((1e-7, 1.0), ["10⁻⁷", "1"]),
        ((16.0, 256), ["16", "256"]),
    ],
)
def test_ticks_are_the_values_themselves_as_far_as_there_is_room(values, shown):
    axes = Figure().add_subplot()
    apply_values(axes.xaxis, LOG, values)
    assert labels(axes.get_xticklabels()) == shown


def test_published_values_of_the_first_table_count():
    record = weight_pairs()
    record["published"].append(published([entry(0, "spearman_rho", 0.871, 0.5)]))
    assert [x for x, _ in diamonds(draw(setting_dots, record).axes[0])] == [0.87, 0.31, -0.3]


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(record=studies())
def test_every_study_is_drawn_or_refused(record):
    for make in (weight_grid, setting_dots, setting_curves):
        try:
            with figure_style():
                figure = make(read_record(Study, record))
        except ValueError as error:
            assert str(error).startswith("figure=")  # noqa: PT017
            continue
        assert not any("nan" in word.lower() for word in words(figure))
