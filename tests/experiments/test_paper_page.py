"""The page of the paper."""

import copy
from pathlib import Path
from typing import Any

from browser import Reader
from hypothesis import given, settings
from hypothesis import strategies as st
from paper_studies import PNG, record

from epsilon_research.launch.declared import ComposedStudy
from epsilon_research.reporting.study import Study
from epsilon_research.reporting.typed_json import read_record
from experiments.paper.page import page
from experiments.paper.plan import find_files, plan
from experiments.paper.run import Outcome, State

MADE = "Made 2026-11-24 on 2 cores. Commit c0ffee."


def outcome(
    found: dict[str, Any] | None = None,
    *,
    state: State = State.DONE,
    folder: Path = Path(),
    reason: str | None = None,
    **report: Any,
) -> Outcome:
    block = {"title": "T", "question": "Q", **report}
    study = ComposedStudy(name="one", report=block, sweeps=False, swept={})
    planned = plan(study, find_files({}))
    return Outcome(
        plan=planned,
        command=planned.command(),
        folder=folder,
        state=state,
        seconds=61.0,
        reason=reason,
        study=None if found is None else read_record(Study, found),
    )


def rendered(*outcomes: Outcome) -> Reader:
    return Reader(page(outcomes, made=MADE))


def test_the_page_has_agreement_overview_command_facts_and_tables() -> None:
    said = rendered(outcome(record())).said
    assert "Agreement with the published numbers" in said
    assert "2 of 3 published values are within the margin, 2 of 3 counts equal" in said
    assert "python run.py study=one" in said
    assert "3 values" in said or "[1e-7,1], [1e-7,0.01], [0.01,1]" in said
    for words in ("0.871", "0.87 ✓", "0.31 ✗", "Published: appendix A.", "c0ffee", "1 min 01 s"):
        assert words in said


def test_a_failed_study_says_why_and_a_left_out_one_what_it_needs() -> None:
    failed = outcome(state=State.FAILED, reason="x must be 1, got 2: correct it")
    lacking = outcome(state=State.LEFT_OUT, needs=["nb201_folder"], title="Lacking")
    said = rendered(failed, lacking).said
    assert "Failed: x must be 1, got 2: correct it." in said
    assert "Lacking" in said.partition("Left out")[2]
    assert "--nb201-folder" in said


def test_nothing_on_the_page_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "weight_grid.png").write_bytes(PNG)
    content = page(
        [outcome(record() | {"figures": ["weight_grid.png"]}, folder=tmp_path)], made=MADE
    )
    reader = Reader(content)
    (image,) = [found for name, found in reader.elements if name == "img"]
    assert (image["src"] or "").startswith("data:image/png;base64,")
    assert (image["width"], image["height"]) == ("1", "1")
    assert image["alt"] == "Weight grid: A study's title."
    names = {name for name, _ in reader.elements}
    assert not names & {"script", "link", "iframe", "object", "embed", "base", "form", "video"}
    assert {found["href"] for name, found in reader.elements if "href" in found} == {
        "#study-one",
        "https://arxiv.org/abs/2302.04406",
    }
    assert "url(" not in content
    (policy,) = [f["content"] for _, f in reader.elements if f.get("http-equiv")]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_a_figure_that_is_missing_no_picture_or_elsewhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "text.png").write_text("no picture")
    (tmp_path / "secret.png").write_bytes(PNG)
    names = ["text.png", "none.png", "../secret.png"]
    reader = rendered(outcome(record() | {"figures": names}, folder=tmp_path / "study"))
    assert "img" not in {name for name, _ in reader.elements}
    for name in names:
        assert f"{name} cannot be shown" in reader.said


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


def everywhere(word: str) -> Outcome:
    """A study in whose titles, labels, remarks and failure every text is `word`."""
    found = copy.deepcopy(record())
    for part in found["published"]:
        part["published_rows"] = [
            row | {"label": word, "row": word, "metric": word} for row in part["published_rows"]
        ]
        part["unmatched"] = [word]
        part |= {"title": word, "source": word, "note": word}
    for one in found["jobs"]:
        one["settings"] = with_text(one["settings"], word)
        one["metrics"] = {word: {word: one["metrics"]["epsilon"]["paper"]}}
        one["diagnosis"] = {word: [word]}
    found |= {"title": word, "question": word, "remark": word, "missing_jobs": [word]}
    return outcome(found, title=word, question=word, reason=word, state=State.FAILED)


def structure(reader: Reader) -> list[tuple[str, tuple[str, ...]]]:
    return [(name, tuple(found)) for name, found in reader.elements]


@given(TEXT)
@settings(max_examples=20, deadline=None)
def test_no_text_breaks_out_of_its_element(text: str) -> None:
    text = "".join(text.split()).translate(dict.fromkeys(map(ord, "✓✗→")))
    strange, plain = rendered(everywhere(f"§{text}")), rendered(everywhere("§"))
    assert structure(strange) == structure(plain)
    page([everywhere(text)], made=MADE).encode("utf-8")


def test_the_folder_of_data_files_is_shown_by_its_variable_only() -> None:
    found = copy.deepcopy(record())
    found["jobs"][0]["run"]["benchmark_source"] = "/home/me/data/a.csv, column x"
    failed = outcome(found, state=State.FAILED, reason="/home/me/data/a.csv must be whole")
    content = page([failed], made="", data=Path("/home/me/data"))
    assert "/home/me" not in content
    assert content.count("$EPSILON_DATA/a.csv") == 2
