"""The page of the paper."""

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paper_studies import PNG, PROTOCOL, compared, job, record

from epsilon_research import atomic_file
from experiments.paper.declared import DeclaredStudy
from experiments.paper.files import find_files
from experiments.paper.html import Html, escaped, picture, tag
from experiments.paper.page import Provenance, page, write_page
from experiments.paper.plan import command, plan
from experiments.paper.run import Outcome, State
from experiments.study import Report

VOID = {"meta", "img", "br"}
MADE = Provenance(
    date="2026-11-24 12:00", commit="c0ffee", versions={"python": "3.11"}, hardware="2 cores",
    seconds=61.0,
)  # fmt: skip


class Reader(HTMLParser):
    """Collects what a browser would see; complains about elements that are not closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    @property
    def said(self) -> str:
        return "".join(self.text)

    @property
    def numbers(self) -> list[float]:
        return [float(found["value"] or "") for name, found in self.elements if name == "data"]


def outcome(
    found: Any = None, *, state: State = State.DONE, folder: Path = Path(), **more: Any
) -> Outcome:
    needs = more.pop("needs", [])
    report = Report(title=more.pop("title", "T"), question=more.pop("question", "Q"), needs=needs)
    study = DeclaredStudy(name="one", report=report, spaces=("nb201",))
    planned = plan(study, find_files({}))
    more = {"seconds": 3.0, **more}
    return Outcome(
        plan=planned, command=command(planned), folder=folder, state=state, record=found, **more
    )


def rendered(*outcomes: Outcome) -> Reader:
    return Reader(page(outcomes, MADE))


def numbers_in(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from numbers_in(part)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def test_every_number_compared_and_every_statistic_is_on_the_page_in_full():
    found = record()
    shown = rendered(outcome(found)).numbers
    statistics = copy.deepcopy(found["jobs"][0]["metrics"])
    for protocols in statistics.values():
        for values in protocols.values():
            del values["num_resamples"]
    entries = [
        {key: entry[key] for key in ("ours", "published", "difference", "interval")}
        for entry in found["published"][0]["comparison"]
    ]
    assert set(numbers_in([statistics, entries])) <= set(shown)


def test_numbers_are_rounded_with_signs_and_counts_marked():
    said = rendered(outcome(record())).said
    for text in ("2,957", "0.869", "0.90", "−0.031", "59.1", "[0.858, 0.879]", "exact"):
        assert text in said
    assert "✓ agrees" in said
    assert "✗ differs" in said
    assert "? cannot be said" in said
    assert "Published, but not run here: noise." in said


def test_the_page_begins_with_how_each_statistic_agrees():
    said = rendered(outcome(record())).said
    assert "Agreement with the published numbers" in said
    assert "0 of 1 published values are within the margin, 1 of 1 counts equal" in said


def test_several_published_rows_become_a_grid_with_marks_that_are_told_in_words():
    entries = [
        compared("spearman_rho", 0.5, 0.5, label=label, interval=[0.4, 0.6], agrees=agrees)
        for label, agrees in (("[1e-7, 1]", True), ("[1e-6, 1]", False), ("[1, 10]", None))
    ]
    found = record()
    found["published"][0]["comparison"] = entries
    reader = rendered(outcome(found))
    marks = [found["aria-label"] for _, found in reader.elements if found.get("role") == "img"]
    assert marks == ["agrees", "differs", "cannot be said"]
    assert "row" in reader.said


def test_a_sweep_shows_each_job_and_protocol_and_folds_a_long_table():
    found = record(jobs=[job(number) for number in range(28)], missing_jobs=["28"])
    reader = rendered(outcome(found))
    assert reader.said.count("weights=[1e-7,1e-5]") == 1
    assert "weights (28): 28 runs; without a result: 28" in reader.said
    assert ("details", {}) in reader.elements


def test_facts_of_searches_choices_stability_and_rules_are_told():
    search = {
        "protocol": "sound", "repeats": 5, "reported": "test_accuracy",
        "median_curve": [0.8] * 9 + [0.91, 0.92], "targets": {"0.92": {"median_models": 7.0}},
    }  # fmt: skip
    more = {
        "search": {"random_search": search},
        "selection": {"100": {"metric": "epsilon", "test_accuracy": {"mean": 0.93, "std": 0.01}}},
        "stability": {"epsilon": {"minibatch": {"repeats": 9, "mean_rho": 0.97}}},
        "weight_rule": {"chosen": [1e-7, 1.0], "undefined": None},
        "diagnosis": {"epsilon": ["Many ties."]},
    }
    reader = rendered(outcome(record(jobs=[job(**more)])))
    for text in ("random_search", "median after 10", "Many ties.", "0.93 ± 0.01", "mean rho"):
        assert text in reader.said
    assert {0.91, 0.92, 7.0, 0.93, 0.97, 1e-7} <= set(reader.numbers)
    assert "undefined" not in reader.said.partition("Choice of the weights")[2]


def comparison() -> dict[str, Any]:
    """Of epsilon and two others; what has one value has no ρ within equal convolutions."""

    def pair(first: str, second: str, difference: float, p: float) -> dict[str, Any]:
        ends = [difference - 0.125, difference + 0.125]
        return {
            "first": first, "second": second, "difference": difference, "z": 1.5, "p": p,
            "difference_interval": ends, "p_holm": p, "significant": p < 0.05,
        }  # fmt: skip

    within = {"spearman_rho": 0.4375, "spearman_rho_interval": [0.40625, 0.46875]}
    return {
        "seconds_per_architecture": {"epsilon": 0.0125, "flops": 0.00025, "num_layers": None},
        "common": {
            "differences": [
                pair("epsilon", "flops", 0.375, 1e-9),
                pair("flops", "num_layers", 0.0625, 0.5),
                pair("num_layers", "epsilon", 0.25, 0.03125),
            ],
            "within_equal_num_convolutions": {
                "epsilon": within,
                "num_layers": {"spearman_rho": None, "spearman_rho_interval": [None, None]},
            },
        },
    }


def test_metrics_stand_beside_each_other_with_time_and_difference_from_the_first():
    metrics = {name: {"common": dict(PROTOCOL)} for name in ("epsilon", "flops", "num_layers")}
    found = outcome(record(jobs=[job(metrics=metrics, comparison=comparison())]))
    table = rendered(found).said.partition("Metrics beside each other")[2]
    rows = [line for line in re.split(r"(?=epsilon|flops|num_layers)", table) if line][1:4]
    # Time, the difference of the other minus the first, its interval, p, ρ within equal numbers.
    assert rows[0].startswith("epsilon12.50.438[0.406, 0.469]")
    assert rows[1].startswith("flops0.25−0.375[−0.500, −0.250]< 0.001–")
    assert rows[2].startswith("num_layers–+0.250[0.125, 0.375]0.03125–")


def test_one_metric_has_nothing_to_stand_beside():
    assert "Metrics beside each other" not in rendered(outcome(record())).said


def test_a_failed_study_says_why_and_a_left_out_one_what_it_needs():
    failed = outcome(state=State.FAILED, reason="x must be 1, got 2: correct it")
    lacking = outcome(state=State.LEFT_OUT, needs=["nb201_folder"], title="Lacking")
    said = rendered(failed, lacking).said
    assert "Failed: x must be 1, got 2: correct it." in said
    assert "Lacking" in said.partition("Left out")[2]
    assert "--nb201-folder" in said
    assert "NATS-tss-v1_0-3ffb9-simple" in said


def test_the_command_can_be_copied_and_the_page_names_its_origin():
    reader = rendered(outcome(record()))
    assert "python run.py study=one" in reader.text
    for text in ("c0ffee", "2 cores", "3.11", "1 min 01 s", "2026-11-24"):
        assert text in reader.said


def test_nothing_on_the_page_is_fetched(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    content = page([outcome(record(figures=["a.png"]), folder=tmp_path)], MADE)
    reader = Reader(content)
    sources = [found["src"] or "" for _, found in reader.elements if "src" in found]
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    names = {name for name, _ in reader.elements}
    assert not names & {"script", "link", "iframe", "object", "embed", "base", "form", "video"}
    assert {found["href"] for name, found in reader.elements if "href" in found} == {
        "#study-one",
        "https://arxiv.org/abs/2302.04406",
    }
    assert "url(" not in content
    assert "@import" not in content
    (policy,) = [f["content"] for _, f in reader.elements if f.get("http-equiv")]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_figures_have_sizes_descriptions_and_captions(tmp_path):
    (tmp_path / "weight_grid.png").write_bytes(PNG)
    reader = rendered(outcome(record(figures=["weight_grid.png"]), folder=tmp_path))
    (image,) = [found for name, found in reader.elements if name == "img"]
    assert (image["width"], image["height"]) == ("1", "1")
    assert image["alt"] == "Weight grid: A grey ramp."
    assert reader.said.count("Weight grid: A grey ramp.") == 1


def test_a_figure_that_is_missing_no_picture_or_elsewhere_is_told(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "text.png").write_text("no picture")
    (tmp_path / "secret.png").write_bytes(PNG)
    found = record(figures=["text.png", "none.png", "../secret.png"])
    reader = rendered(outcome(found, folder=tmp_path / "study"))
    assert "img" not in {name for name, _ in reader.elements}
    assert "text.png must be a PNG file" in reader.said
    assert "none.png cannot be shown" in reader.said
    assert "../secret.png is not in the study's folder" in reader.said


TEXT = st.text() | st.sampled_from(
    ["</td><script>alert(1)</script>", '" onload="x', "<!--", "</title>", "&lt;", "\x00\ud800", "'"]
)


def with_text(value: object, text: str) -> Any:
    """The same with every text replaced."""
    if isinstance(value, dict):
        return {key: with_text(part, text) for key, part in value.items()}
    if isinstance(value, list):
        return [with_text(part, text) for part in value]
    return text if isinstance(value, str) else value


def structure(reader: Reader) -> list[tuple[str, tuple[str, ...]]]:
    return [(name, tuple(found)) for name, found in reader.elements]


def told_everywhere(word: str) -> Outcome:
    """A study in whose record, report and failure every text is `word`."""
    found = record(jobs=[job(diagnosis={"epsilon": ["x"]}, weight_rule={"rule": "x"})])
    found["published"][0]["note"] = "x"
    found = with_text(found, word)
    found["settings"] = [word]
    found["jobs"][0]["settings"] = {word: word}
    found["jobs"][0]["metrics"] = {word: {word: dict(PROTOCOL)}}
    return outcome(found, title=word, question=word, reason=word, state=State.FAILED)


@given(TEXT)
@settings(max_examples=30)
def test_no_text_breaks_out_of_its_element(text):
    # No text is the name of a statistic, which would look otherwise.
    strange, plain = rendered(told_everywhere(f"§{text}")), rendered(told_everywhere("§"))
    assert structure(strange) == structure(plain)
    page([told_everywhere(text)], MADE).encode("utf-8")


@given(TEXT)
def test_text_and_attributes_come_back_as_they_were_but_for_what_html_cannot_say(text):
    reader = Reader(tag("p", text, title=text or None))
    (element,) = reader.elements
    said = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)
    assert "".join(reader.text) == said
    assert element == ("p", {"title": said} if text else {})


def test_html_is_not_escaped_twice():
    assert escaped(Html("<b>")) == "<b>"
    assert tag("p", tag("b", "<")) == "<p><b>&lt;</b></p>"


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "index.html"
    write_page([outcome(record())], MADE, path)
    before = path.read_bytes()
    assert before.startswith(b"<!DOCTYPE html>")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_file.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_page([], MADE, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["index.html"]


def test_a_picture_must_be_one(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG[:10])
    with pytest.raises(ValueError, match="PNG"):
        picture(tmp_path / "a.png", description="x")


def test_the_folder_of_data_files_is_told_by_its_variable_only():
    more = {"benchmark_source": "/home/me/data/a.csv, column x"}
    made = replace(MADE, data=Path("/home/me/data"))
    failed = outcome(
        record(jobs=[job(run=more)]), state=State.FAILED, reason="/home/me/data/a.csv must be whole"
    )
    content = page([failed], made)
    assert "/home/me" not in content
    assert content.count("$EPSILON_DATA/a.csv") == 2
