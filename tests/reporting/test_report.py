"""The page that a run leaves: what it has, what it holds back, and what a browser makes of it."""

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browser import Reader
from headless import Page, browser, needs_chromium
from paper_studies import PNG, record

from epsilon_research.reporting import scatter_data
from epsilon_research.reporting.report import write_run_report, write_study_report
from epsilon_research.reporting.run import Run
from epsilon_research.reporting.scatter_data import packed_points
from epsilon_research.reporting.study import Study
from epsilon_research.reporting.typed_json import read_record
from epsilon_research.spaces.nb201 import official_order

HOSTILE = (
    "</script><script>window.broken = 1</script><img src=https://example.org onerror=broken=1>"
)
PROTOCOLS = {"n": 3, "coverage": 0.5, "spearman_rho": 0.25}


def summary(word: str = "photos", **facts: Any) -> dict[str, Any]:
    """The record of a run in whose settings a word stands."""
    return {
        "run": {
            "search_space": "nb201", "dataset": word, "benchmark_source": word,
            "metrics": ["epsilon"], "overrides": [f"x={word}"], "target": "test_accuracy",
            "higher_is_better": True, "versions": {"numpy": word}, **facts,
        },
        "counts": {"architectures": 400},
        "timing": {"total_seconds": 2.0},
        "metrics": {"epsilon": {"paper": PROTOCOLS, "connected": PROTOCOLS}},
        "tables": [{"title": word, "head": [word], "rows": [[word]], "note": word}],
    }  # fmt: skip


def left_by_a_run(folder: Path, frame: pd.DataFrame, word: str = "photos") -> Path:
    """A folder as a run leaves it."""
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "score_histogram.png").write_bytes(PNG)
    (folder / "config.yaml").write_text(f"dataset: '{word}'\n", encoding="utf-8")
    (folder / "summary.json").write_text(json.dumps(summary(word)), encoding="utf-8")
    frame.to_parquet(folder / "scores.parquet")
    return folder


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
    monkeypatch.setattr(scatter_data, "MOST_POINTS", 50)
    run = Run.from_json(summary())
    found = unpacked(packed_points(frame, run))
    ids = found["texts"]["architecture_id"]
    assert (found["total"], len(ids), len(set(ids))) == (400, 50, 50)
    assert ids == sorted(ids, key=lambda name: int(name[1:]))
    assert frame.set_index("architecture_id").loc[ids, "test_accuracy"].notna().all()
    assert packed_points(frame, run) == packed_points(frame, run)


def test_a_whole_space_with_its_names_is_light(make_frame: Callable[[int], pd.DataFrame]) -> None:
    ids = official_order()
    frame = make_frame(len(ids)).assign(architecture_id=ids)
    assert len(ids) == 15_625
    assert len(packed_points(frame, Run.from_json(summary()))) < 1_000_000


def test_a_run_without_accuracies_shows_its_scores(frame: pd.DataFrame) -> None:
    frame[["validation_accuracy", "test_accuracy"]] = np.nan
    run = Run.from_json(summary(target=None, higher_is_better=None))
    found = unpacked(packed_points(frame, run))
    assert found["target"] is None
    assert found["metrics"][0]["protocols"]["worst"] == "1" * 400


def test_a_report_has_results_figures_configuration_and_command(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    reader = read(write_run_report(left_by_a_run(tmp_path / "run", frame)))
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
    path = write_run_report(left_by_a_run(tmp_path / "run", frame))
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
        read(write_run_report(left_by_a_run(tmp_path / str(number), table, word)))
        for number, (table, word) in enumerate([(strange, HOSTILE), (frame, "x")])
    ]
    first, second = ([(name, tuple(found)) for name, found in one.elements] for one in pages)
    assert first == second
    assert HOSTILE in pages[0].said


def test_pictures_beyond_the_room_are_named(tmp_path: Path, frame: pd.DataFrame) -> None:
    folder = left_by_a_run(tmp_path / "run", frame)
    for number in range(4):
        (folder / "figures" / f"z{number}.png").write_bytes(PNG + bytes(300_000))
    reader = read(write_run_report(folder))
    shown = [found["alt"] for name, found in reader.elements if name == "img"]
    assert shown == ["Score histogram.", "Z0.", "Z1."]
    assert "2 more figures" in reader.said


def test_a_run_that_has_not_finished_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="must hold a finished run"):
        write_run_report(tmp_path)


def test_a_study_has_the_points_of_its_jobs(tmp_path: Path, frame: pd.DataFrame) -> None:
    study = read_record(Study, record())
    for job in study.jobs[:2]:
        (tmp_path / job.folder).mkdir()
        frame.to_parquet(tmp_path / job.folder / "scores.parquet")
    reader = read(write_study_report(study, tmp_path))
    labels = [found["data-label"] for name, found in reader.elements if "data-label" in found]
    assert labels == ["[1e-7,1]", "[1e-7,0.01]"]
    assert "A study's title" in reader.said
    assert "2 of 3 published values are within the margin" in reader.said


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The report of a run with hostile names, in a browser."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "architecture_id": [f"{HOSTILE}{row}" for row in range(40)],
            "connected": True,
            "canonical_hash": [str(row // 2) for row in range(40)],
            "num_parameters": rng.integers(1, 9, 40),
            HOSTILE: rng.normal(size=40),
            "epsilon": np.where(np.arange(40) < 4, np.nan, rng.normal(size=40)),
            "epsilon_failure": [HOSTILE if row < 4 else None for row in range(40)],
            "test_accuracy": rng.random(40),
        }
    )
    folder = left_by_a_run(tmp_path_factory.mktemp("shown") / "run", frame, HOSTILE)
    path = write_run_report(folder)
    with browser(tmp_path_factory.mktemp("profile")) as page:
        page.open(path)
        page.until("document.querySelector('canvas').width > 300")
        yield page


TIP = "document.querySelector('.tip')"
NOTE = "document.querySelector('#scatter .note').textContent"


def choose(tab: Page, name: str, value: str) -> None:
    tab.value(
        f"""{{ const one = document.querySelector('select[name="{name}"]');
        one.value = {json.dumps(value)}; one.dispatchEvent(new Event("change")); }}"""
    )


@needs_chromium
def test_it_draws_and_asks_for_nothing(tab: Page) -> None:
    colours = """new Set(new Uint32Array(document.querySelector('canvas').getContext('2d')
        .getImageData(0, 0, 800, 400).data.buffer)).size"""
    assert tab.value(colours) > 20
    assert [address for address in tab.requests if not address.startswith(("file:", "data:"))] == []
    assert tab.complaints == []
    assert tab.value("typeof window.broken") == "undefined"


@needs_chromium
def test_an_architecture_under_the_mouse_is_named(tab: Page) -> None:
    tab.value("document.querySelector('canvas').scrollIntoView({block: 'center'})")
    box = tab.value("document.querySelector('canvas').getBoundingClientRect().toJSON()")
    for step in range(2000):
        x = box["left"] + 80 + 20 * (step % 40)
        y = box["top"] + 20 + 20 * (step // 40)
        tab.mouse("mouseMoved", x, y)
        if not tab.value(f"{TIP}.hidden"):
            break
    said = tab.value(f"{TIP}.textContent")
    assert HOSTILE in said
    assert "test accuracy (%)" in said
    assert tab.value(f"{TIP}.querySelectorAll('script, img').length") == 0
    tab.mouse("mouseMoved", 2, 2)
    assert tab.value(f"{TIP}.hidden")


@needs_chromium
def test_a_protocol_is_chosen(tab: Page) -> None:
    counted = {}
    for protocol in ("connected", "unique", "worst"):
        choose(tab, "protocol", protocol)
        counted[protocol] = tab.value(NOTE).split()[0]
    assert counted == {"connected": "36", "unique": "18", "worst": "40"}
    choose(tab, "protocol", "connected")
    assert "ρ = 0.250, n = 3" in tab.value(NOTE)
    choose(tab, "against", HOSTILE)
    assert "ρ" not in tab.value(NOTE)
    choose(tab, "colour", "connected")
    assert tab.complaints == []


@needs_chromium
def test_the_wheel_zooms_and_two_clicks_show_everything(tab: Page) -> None:
    picture = "document.querySelector('canvas').toDataURL()"
    tab.value("document.querySelector('canvas').scrollIntoView({block: 'center'})")
    tab.mouse("mouseMoved", 2, 2)
    before = tab.value(picture)
    box = tab.value("document.querySelector('canvas').getBoundingClientRect().toJSON()")
    place = (box["left"] + 300, box["top"] + 200)
    tab.mouse("mouseWheel", *place, deltaX=0, deltaY=-300)
    tab.until(f"{picture} !== {json.dumps(before)}")
    tab.value("document.querySelector('canvas').dispatchEvent(new MouseEvent('dblclick'))")
    tab.mouse("mouseMoved", 2, 2)
    assert tab.value(picture) == before
