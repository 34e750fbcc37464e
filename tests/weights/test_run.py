"""Runs whose weights a rule chooses, started as a user starts them."""

from pathlib import Path

import pytest
from commands import error_in, folder, launched, run, succeeded, summary_of

TOY = ("search_space=toy", "benchmark=none")


def test_the_record_has_the_chosen_weights_and_says_how(tmp_path: Path) -> None:
    agreement = ("agreement.sample_size=5", "agreement.engine.dtype=float64")
    succeeded(
        run(
            *TOY,
            "weight_rule=widest",
            "weight_rule.num_architectures=20",
            "weight_rule.most_undefined=0.5",
            "agreement=reference",
            *agreement,
            folder(tmp_path),
        )
    )
    summary = summary_of(tmp_path)
    rule = summary["weight_rule"]
    assert rule["rule"] == "widest"
    assert rule["weights"] == rule["picks"]["paper"]
    assert summary["run"]["weights"] == rule["weights"]
    assert summary["run"]["metric_settings"]["epsilon"]["weights"] == rule["weights"]
    # At other weights than the run's the reference would differ.
    assert summary["agreement"]["largest_difference"] < 1e-4


def test_a_run_folder_runs_again_and_chooses_the_same(tmp_path: Path) -> None:
    once, again = tmp_path / "once", tmp_path / "again"
    succeeded(run(*TOY, "weight_rule=limits", "weight_rule.sample_size=4", folder(once)))
    succeeded(launched(f"--config-path={once}", "--config-name=config", folder(again)))
    first, second = summary_of(once), summary_of(again)
    assert first["run"]["weights"] == second["run"]["weights"] == first["weight_rule"]["limits"]
    assert first["weight_rule"]["sample"] == second["weight_rule"]["sample"]


def test_a_space_without_published_weights_finds_its_own_unless_they_are_given(
    tmp_path: Path,
) -> None:
    space = ("search_space=nbmacro", "search_space.num_architectures=3", "dataset.image_size=8")
    succeeded(run(*space, "weight_rule.sample_size=2", folder(tmp_path / "found")))
    found = summary_of(tmp_path / "found")
    assert found["weight_rule"]["rule"] == "limits"
    assert found["run"]["weights"] == found["weight_rule"]["weights"]
    succeeded(run(*space, "weights=[1e-2,1]", folder(tmp_path / "given")))
    given = summary_of(tmp_path / "given")
    assert given["run"]["weights"] == [1e-2, 1.0]
    assert "weight_rule" not in given


def test_a_second_epsilon_keeps_its_weights(tmp_path: Path) -> None:
    other = (
        "+metric.other._target_=epsilon_research.metrics.epsilon.Epsilon",
        "+metric.other.weights=[1e-3,1]",
        "+metric.other.engine=${engine}",
    )
    rule = ("weight_rule=limits", "weight_rule.sample_size=4")
    succeeded(run(*TOY, *rule, *other, folder(tmp_path)))
    record = summary_of(tmp_path)
    assert record["run"]["metric_settings"]["other"]["weights"] == [1e-3, 1.0]
    assert record["run"]["weights"] == record["weight_rule"]["weights"] != [1e-3, 1.0]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            ("weight_rule=limits", "weights=[1e-3,1]"),
            "weights must not be given together with weight_rule=limits",
        ),
        (
            ("weight_rule=limits", "metric=[num_parameters]"),
            "weight_rule=limits must have a metric epsilon",
        ),
        (("weight_rule=limits", "engine=reference"), "weight_rule=limits must have an engine"),
        (
            ("search_space=nbmacro", "weight_rule=published"),
            "weights must be given on a search space for which the paper has none",
        ),
        (
            ("weight_rule=widest", "weight_rule.undefined=bfloat16"),
            "weight_rule.undefined must be one of float32, exact, got 'bfloat16'",
        ),
    ],
)
def test_what_cannot_be_chosen_is_told_before_any_work(
    settings: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    process = run(*TOY, *settings, folder(tmp_path))
    assert process.returncode == 1
    assert error_in(process.stderr).startswith(sentence)


def test_a_space_without_limits_is_told(tmp_path: Path) -> None:
    process = run(
        "search_space=nbnlp", "benchmark=none", "search_space.space.num_drawn=30",
        "weight_rule=limits", "weight_rule.sample_size=10", folder(tmp_path),
    )  # fmt: skip
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    # The rule runs networks, so that the run has been announced before.
    last = process.stderr.strip().splitlines()[-1]
    assert last.startswith("error: weight_rule=limits must have networks whose")
