"""The page that a run leaves: what it has, what it holds back, and what a browser makes of it."""

import base64
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browser import Reader
from paper_studies import PNG, record

from epsilon_research.reporting import plot_data
from epsilon_research.reporting.plot_data import packed_points
from epsilon_research.reporting.report import write_run_report, write_study_report
from epsilon_research.reporting.run import Run
from epsilon_research.reporting.study import Study
from epsilon_research.reporting.typed_json import read_record
from epsilon_research.spaces.cell_graph import CellGraph
from epsilon_research.spaces.nb201 import NasBench201, official_order
from tests.reporting.run_folders import HOSTILE, left_by_a_run, summary


def unpacked(packed: str) -> dict[str, Any]:
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def read(path: Path) -> Reader:
    return Reader(path.read_text(encoding="utf-8"))


def test_the_points_are_the_table_and_its_protocols(frame: pd.DataFrame) -> None:
    found = unpacked(packed_points(frame, Run.from_json(summary())))
    assert found["total"] == 400
    assert found["texts"] == {"architecture_id": list(frame["architecture_id"])}
    columns = {one["name"]: one for one in found["columns"]}
    assert found["target"] in columns
    np.testing.assert_allclose(
        pd.Series(columns["test_accuracy"]["values"], dtype=float),
        100 * frame["test_accuracy"],
        rtol=1e-5,
    )
    assert columns["num_parameters"]["values"] == list(frame["num_parameters"])
    assert [one["name"] for one in found["columns"] if one["flag"]] == [
        "connected", "epsilon_float32_defined"
    ]  # fmt: skip
    (metric,) = found["metrics"]
    assert metric["reasons"] == [None if pd.isna(x) else x for x in frame["epsilon_failure"]]
    rated, scored = frame["test_accuracy"].notna(), frame["epsilon"].notna()
    kept = {
        "paper": rated & scored & frame["epsilon_float32_defined"],
        "connected": rated & scored & frame["connected"],
        "worst": rated,
    }
    for protocol, rows in kept.items():
        assert metric["protocols"][protocol] == "".join(str(int(row)) for row in rows)
    # One function: its first architecture is disconnected, so that the second stands for it.
    assert metric["protocols"]["unique"].count("1") <= 1
    assert metric["statistics"]["paper"] == "ρ = 0.250, n = 3"


def test_the_published_filter_decides_about_protocol_paper(frame: pd.DataFrame) -> None:
    frame["epsilon"] = np.where(frame.index % 3 == 1, 0.0, frame["epsilon"])
    finite, positive = (
        unpacked(packed_points(frame, Run.from_json(summary(paper_filter=name))))["metrics"][0]
        for name in ("finite", "positive")
    )
    zeros = {row for row, kept in enumerate(finite["protocols"]["paper"]) if kept == "1"} - {
        row for row, kept in enumerate(positive["protocols"]["paper"]) if kept == "1"
    }
    assert zeros
    assert (frame["epsilon"].iloc[list(zeros)] == 0).all()


def test_of_too_many_a_sample_with_trained_results_is_drawn(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plot_data, "MOST_NAMED", 50)
    run = Run.from_json(summary())
    found = unpacked(packed_points(frame, run))
    ids = found["texts"]["architecture_id"]
    assert (found["total"], len(ids), len(set(ids))) == (400, 50, 50)
    assert ids == [f"a{row}" for row in found["named"]] == sorted(ids, key=lambda id_: int(id_[1:]))
    assert frame.set_index("architecture_id").loc[ids, "test_accuracy"].notna().all()
    assert packed_points(frame, run) == packed_points(frame, run)
    columns = {one["name"]: one["values"] for one in found["columns"]}
    assert not any(name.endswith("seconds") for name in columns)
    np.testing.assert_allclose(
        pd.Series(columns["test_accuracy"], dtype=float), 100 * frame["test_accuracy"], rtol=1e-3
    )
    (metric,) = found["metrics"]
    assert len(metric["protocols"]["worst"]) == 400
    assert len(metric["reasons"]) == 50
    # Of a table that no page can hold only these rows are there.
    monkeypatch.setattr(plot_data, "MOST_VALUES", 1000)
    part = unpacked(packed_points(frame, run))
    assert part["named"] is None
    assert part["texts"] == found["texts"]
    assert part["metrics"][0]["reasons"] == metric["reasons"]
    assert {len(one["values"]) for one in part["columns"]} == {50}
    assert len(part["metrics"][0]["protocols"]["worst"]) == 50


def test_graphs_travel_as_numbers(make_frame: Callable[[int], pd.DataFrame]) -> None:
    space = NasBench201()
    ids = list(space.architecture_ids[:40])
    frame = make_frame(40).assign(architecture_id=ids)
    found = unpacked(packed_points(frame, Run.from_json(summary()), space.graphs))["graphs"]
    drawn = [
        [
            CellGraph(
                found["nodes"][nodes][0],
                found["nodes"][nodes][1:],
                [tuple(found["edges"][edge]) for edge in edges],
            )
            for nodes, *edges in row
        ]
        for row in found["rows"]
    ]
    assert drawn == [space.graphs(one) for one in ids]
    assert len(found["nodes"]) == 1
    assert len(found["edges"]) <= 24


def test_a_whole_space_with_its_names_is_light(make_frame: Callable[[int], pd.DataFrame]) -> None:
    ids = official_order()
    frame = make_frame(len(ids)).assign(architecture_id=ids)
    assert len(ids) == 15_625
    packed = packed_points(frame, Run.from_json(summary()), NasBench201().graphs)
    assert len(packed) < 1_000_000


def test_a_run_without_accuracies_shows_its_scores(frame: pd.DataFrame) -> None:
    frame[["validation_accuracy", "test_accuracy"]] = np.nan
    run = Run.from_json(summary(target=None, higher_is_better=None))
    found = unpacked(packed_points(frame, run))
    assert found["target"] is None
    assert found["metrics"][0]["protocols"]["worst"] == "1" * 400


def test_a_report_has_results_figures_configuration_and_command(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    reader = read(write_run_report(left_by_a_run(tmp_path / "run", frame), graphs=None))
    said = reader.said
    for words in ("epsilon on nb201", "python run.py x=photos", "dataset: 'photos'", "numpy"):
        assert words in said
    assert "0.250" in said
    (image,) = [found for name, found in reader.elements if name == "img"]
    assert image["alt"] == "Score histogram."
    assert (image["src"] or "").startswith("data:image/png;base64,")


def test_a_page_can_fetch_nothing_and_run_no_other_script(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    path = write_run_report(left_by_a_run(tmp_path / "run", frame), graphs=None)
    content = path.read_text(encoding="utf-8")
    reader = Reader(content)
    names = {name for name, _ in reader.elements}
    assert not names & {"link", "iframe", "object", "embed", "base", "form", "video"}
    assert not any(
        found.get("href") or "on" in key[:2] for _, found in reader.elements for key in found
    )
    (policy,) = [f["content"] or "" for _, f in reader.elements if f.get("http-equiv")]
    (script,) = re.findall(r"<script>(.*?)</script>", content, re.DOTALL)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script")
    assert "unsafe-eval" not in policy
    assert "innerHTML" not in script


def test_no_name_breaks_out(tmp_path: Path, frame: pd.DataFrame) -> None:
    strange = frame.assign(architecture_id=HOSTILE, epsilon_failure=HOSTILE)
    pages = [
        read(write_run_report(left_by_a_run(tmp_path / str(number), table, word), graphs=None))
        for number, (table, word) in enumerate([(strange, HOSTILE), (frame, "x")])
    ]
    first, second = ([(name, tuple(found)) for name, found in one.elements] for one in pages)
    assert first == second
    assert HOSTILE in pages[0].said


def test_pictures_beyond_the_room_are_named(tmp_path: Path, frame: pd.DataFrame) -> None:
    folder = left_by_a_run(tmp_path / "run", frame)
    for number in range(4):
        (folder / "figures" / f"z{number}.png").write_bytes(PNG + bytes(300_000))
    reader = read(write_run_report(folder, graphs=None))
    shown = [found["alt"] for name, found in reader.elements if name == "img"]
    assert shown == ["Score histogram.", "Z0.", "Z1."]
    assert "2 more figures" in reader.said


def test_a_run_that_has_not_finished_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="must hold a finished run"):
        write_run_report(tmp_path, graphs=None)


def test_a_study_has_the_points_of_its_jobs(tmp_path: Path, frame: pd.DataFrame) -> None:
    study = read_record(Study, record())
    for job in study.jobs[:2]:
        (tmp_path / job.folder).mkdir()
        frame.to_parquet(tmp_path / job.folder / "scores.parquet")
    reader = read(write_study_report(study, tmp_path, graphs_of=lambda _: None))
    labels = [found["data-label"] for name, found in reader.elements if "data-label" in found]
    assert labels == ["[1e-7,1]", "[1e-7,0.01]"]
    assert "A study's title" in reader.said
    assert "2 of 3 published values are within the margin" in reader.said
