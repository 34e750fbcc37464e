"""What a study declares in its block `report`: its question, and what its results stand beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from epsilon_research.checks import check_choice, check_kind, shown
from epsilon_research.plotting import STUDY_FIGURES
from epsilon_research.studies.published import published_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a study asks, one sentence under one line of title, and what it is put beside.

    Args:
        published: Tables of `paper.json`, in the order in which they are shown.
        needs: Files without which it cannot run, by the kinds of `experiments.paper`.
        uses: Files that it takes instead of what needs no download, likewise.
        figure: One of `plotting.STUDY_FIGURES`.
        remark: Why results are not the published ones, or what else a reader has to know.
        order: Place among the studies of the paper; those without one come last.

    Raises:
        ValueError: A field has another value than it may have.
    """

    title: str
    question: str
    published: Sequence[str] = ()
    needs: Sequence[str] = ()
    uses: Sequence[str] = ()
    figure: str = "settings"
    remark: str = ""
    order: int | None = None

    def __post_init__(self) -> None:
        check_choice("report.figure", self.figure, STUDY_FIGURES)
        published_tables(*self.published)

    @classmethod
    def from_block(cls, block: object) -> "Report":
        """Read the block `report` of a configuration.

        Raises:
            ValueError: It does not have the fields of a `Report`.
        """
        kinds = get_type_hints(cls)
        if not isinstance(block, Mapping) or not {"title", "question"} <= set(block) <= set(kinds):
            given: Any = ", ".join(map(str, block)) if isinstance(block, Mapping) else shown(block)
            raise ValueError(
                "report must have title and question, and may have "
                f"{', '.join(sorted(set(kinds) - {'title', 'question'}))}, got {given}: see the "
                "studies in conf/study"
            )
        for name, value in block.items():
            check_kind(f"report.{name}", value, kinds[name])
        return cls(**{str(name): value for name, value in block.items()})
