"""Encodings of architectures as features of predictors, and genes, space by space."""

import numpy as np
import pytest

from epsilon_research.spaces import SearchSpace
from epsilon_research.spaces.darts import Darts
from epsilon_research.spaces.nats_sss import NatsSize
from epsilon_research.spaces.nb101 import NasBench101
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.spaces.nbmacro import NasBenchMacro
from epsilon_research.spaces.tnb101_macro import TransNasMacro
from epsilon_research.spaces.tnb101_micro import TransNasMicro
from epsilon_research.spaces.toy import Toy

OF_GENES = [NasBench201(), NatsSize(), NasBenchMacro(), TransNasMicro(), Toy()]
ENCODED = [*OF_GENES, NasBench101(), TransNasMacro()]


def name(space: SearchSpace) -> str:
    return space.name


@pytest.mark.parametrize("space", OF_GENES, ids=name)
def test_genes_are_written_as_they_are_read(space: SearchSpace) -> None:
    genes, rng = space.genes, np.random.default_rng(0)
    assert genes is not None
    for id_ in space.sample(20, rng):
        read = genes.read(id_)
        assert genes.write(read) == id_
        assert all(gene in options for gene, options in zip(read, genes.choices, strict=True))
        child = genes.read(space.mutate(id_, rng))
        assert sum(a != b for a, b in zip(read, child, strict=True)) == 1


@pytest.mark.parametrize("space", ENCODED, ids=name)
def test_an_encoding_has_a_row_of_its_own_for_each_function(space: SearchSpace) -> None:
    ids = space.sample(30, np.random.default_rng(1))
    encoded = space.encode(ids)
    assert encoded is not None
    assert np.isfinite(encoded).all()
    keys = space.function_keys(ids) or ids
    assert len(np.unique(encoded, axis=0)) <= len(ids)
    assert len(np.unique(encoded, axis=0)) >= 0.9 * len(set(keys))
    np.testing.assert_array_equal(space.encode(ids[::-1]), encoded[::-1])
    empty = space.encode(())
    assert empty is not None
    assert empty.shape == (0, encoded.shape[1])


def test_genes_are_one_hot_unless_a_space_has_better() -> None:
    assert NasBenchMacro().encode(["01200000"]).tolist()[0][:9] == [1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert NatsSize().encode(["64:8:32:16:48"]).tolist() == [[64, 8, 32, 16, 48]]
    shorter, longer = TransNasMacro().encode(["64-1234-basic", "64-123411-basic"])
    assert (shorter.sum(), longer.sum()) == (4, 6)
    assert (longer - shorter).min() == 0
    assert Darts(num_drawn=1).encode(()) is None


def test_paths_of_a_nasbench101_cell() -> None:
    space = NasBench101()
    (only,) = space.encode(["1"])
    assert np.flatnonzero(only).tolist() == [0]
    # The input feeds a 3x3 convolution and the output; the convolution feeds the output.
    chosen = space.parse(
        '{"matrix": [[0,1,1],[0,0,1],[0,0,0]], "ops": ["input", "conv3x3-bn-relu", "output"]}'
    )
    (two,) = space.encode([chosen])
    assert two.sum() == 2
    assert two[0] == 1
