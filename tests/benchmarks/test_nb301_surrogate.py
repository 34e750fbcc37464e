"""NAS-Bench-301's predicted accuracies: exact, and of genotypes of the DARTS space."""

from pathlib import Path

import pandas as pd

from epsilon_research.benchmarks.nb301_surrogate import Nb301Surrogate
from epsilon_research.benchmarks.table import Table
from epsilon_research.spaces.darts import Darts
from epsilon_research.spaces.darts_genotype import Edge, Genotype, parse_genotype


def _printed(genotype: Genotype) -> str:
    """A genotype as the code of DARTS prints it."""
    cells = [[tuple(edge) for edge in cell] for cell in genotype]
    return (
        f"Genotype(normal={cells[0]}, normal_concat=range(2, 6), reduce={cells[1]}, "
        "reduce_concat=range(2, 6))"
    )


def test_the_accuracies_are_those_of_the_source(shared: Path) -> None:
    table = Nb301Surrogate().load()
    source = pd.read_parquet(shared / "data" / "nb301_725.parquet")
    found = table.lookup(list(source["net"]))
    assert found["validation_accuracy"].tolist() == source["surrogate_validation_accuracy"].tolist()
    assert found["test_accuracy"].isna().all()
    assert table.target == "validation_accuracy"
    assert "surrogate" in table.source


def test_every_row_is_another_genotype() -> None:
    names = list(Nb301Surrogate().load().rows["architecture_id"])
    ids = Darts(num_drawn=1).canonical_ids(names)
    assert len(set(ids)) == len(names) == 725
    assert None not in ids
    # Read by hand.
    cell = "[(0, 0), (1, 5), (1, 1), (0, 1), (1, 3), (0, 3), (1, 3), (3, 2)]"
    assert parse_genotype(f"[{cell}, {cell}]").reduce == (
        Edge("max_pool_3x3", 0), Edge("dil_conv_3x3", 1),
        Edge("avg_pool_3x3", 0), Edge("avg_pool_3x3", 1),
        Edge("sep_conv_3x3", 0), Edge("sep_conv_3x3", 1),
        Edge("sep_conv_3x3", 1), Edge("skip_connect", 3),
    )  # fmt: skip


def test_a_table_of_one_s_own_may_spell_genotypes_in_any_way(tmp_path: Path) -> None:
    rows = Nb301Surrogate().load().rows[:6]
    genotypes = [parse_genotype(name) for name in rows["architecture_id"]]
    space = Darts(num_drawn=1)
    spelled = [
        *rows["architecture_id"][:2],
        *(space.parse(name) for name in rows["architecture_id"][2:4]),
        *map(_printed, genotypes[4:]),
    ]
    path = tmp_path / "mine.csv"
    rows.assign(genotype=spelled, val_acc=rows["validation_accuracy"]).to_csv(
        path, columns=["genotype", "val_acc"], index=False
    )
    table = Table(path=str(path)).load()
    renamed = table.renamed(space.canonical_ids(list(table.rows["architecture_id"])))
    ids = [space.parse(name) for name in rows["architecture_id"]]
    found = renamed.lookup(ids)["validation_accuracy"]
    assert found.tolist() == rows["validation_accuracy"].tolist()
