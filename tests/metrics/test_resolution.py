"""Every epsilon knows its rounding error, and none is shown below it."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, seed, settings

from epsilon_research.collapse import lower
from epsilon_research.data import Minibatch
from epsilon_research.data.photos import Photos
from epsilon_research.engines import Engine
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.engines.extended import ExtendedEngine
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.metrics import Candidate, Epsilon, Score, scorer_of
from epsilon_research.metrics.epsilon_formula import (
    normalise_outputs,
    normalised_score,
    score_resolution,
)
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import Convolution, GlobalMean, Linear, ReLU
from epsilon_research.spaces import SearchSpace
from epsilon_research.spaces.nb101 import NasBench101
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.spaces.nbnlp import NasBenchNlp
from tests.network_programs import programs
from tests.strategies import Noise

NB201, NB101, NBNLP = NasBench201(), NasBench101(), NasBenchNlp()
PUBLISHED = {NB201: (1e-7, 1.0), NB101: (1e-4, 10.0)}
x86 = pytest.mark.skipif(
    np.finfo(np.longdouble).minexp > -16000, reason="needs numbers with a 15-bit exponent (x86)"
)


def photos(batch_size: int = 64, seed: int = 21) -> Minibatch:
    return Photos().draw(batch_size=batch_size, rng=np.random.default_rng(seed))


def scores(
    space: SearchSpace,
    weights: Sequence[float],
    engine: Engine,
    minibatch: Minibatch,
    *,
    count: int,
    **settings: Any,
) -> list[Score]:
    score = scorer_of(Epsilon(weights=weights, engine=engine, **settings), minibatch)
    return [
        score(
            Candidate(
                build=lambda outputs, id_=id_: space.program(id_, num_outputs=outputs),
                num_classes=10,
                num_parameters=1,
                connected=True,
            )
        )
        for id_ in space.sample(count, np.random.default_rng(5))
    ]


def values(found: Sequence[Score]) -> np.ndarray:
    return np.array([score.value for score in found])


def resolutions(found: Sequence[Score]) -> np.ndarray:
    return np.array([score.columns["resolution"] for score in found], dtype=np.float64)


def assert_calibrated(
    errors: np.ndarray, estimates: np.ndarray, *, missing: int, factor: float
) -> None:
    """At most `missing` errors beyond their estimate, whose median is near that of the errors."""
    known = np.isfinite(errors) & np.isfinite(estimates)
    assert known.sum() > 0.8 * len(errors)
    assert (errors[known] > estimates[known]).sum() <= missing
    assert np.median(estimates[known]) < factor * np.median(errors[known])


@pytest.mark.parametrize("space", [NB201, NB101], ids=lambda space: space.name)
def test_float32_errs_by_less_than_its_estimate_and_not_by_much_less(space: SearchSpace) -> None:
    """Of 100 scores one may lie outside: at 0.5 % each, two do in 9 of 100 draws of cells.

    Of several minibatches, since many cells have one output at the small weight, and its error.
    """
    single, double = (
        [
            score
            for number in (21, 22, 23, 24)
            for score in scores(
                space, PUBLISHED[space], CollapsedEngine(dtype=dtype), photos(seed=number), count=25
            )
        ]
        for dtype in ("float32", "float64")
    )
    errors = np.abs(values(single) - values(double))
    assert_calibrated(errors, resolutions(single), missing=1, factor=16)
    assert np.nanmedian(resolutions(double)) < 1e-7 * np.nanmedian(resolutions(single))


@x86
@pytest.mark.parametrize("space", [NB201, NB101], ids=lambda space: space.name)
def test_float64_errs_by_less_than_its_estimate(space: SearchSpace) -> None:
    minibatch = photos(32)
    double, exact = (
        scores(space, PUBLISHED[space], engine, minibatch, count=12)
        for engine in (CollapsedEngine(dtype="float64"), ExtendedEngine())
    )
    errors = np.abs(values(double) - values(exact))
    assert_calibrated(errors, resolutions(double), missing=1, factor=40)


@x86
def test_float64_of_every_operation_errs_by_less_than_its_estimate() -> None:
    """Of 150 scores three may lie outside: at 0.6 %, four do in 1 of 80 draws."""
    minibatch = Minibatch(
        inputs=Noise(seed=1, batch=32, height=7, width=6, mean=0.5).images,
        kind="images",
        dataset="noise",
    )
    engines = CollapsedEngine(dtype="float64"), ExtendedEngine()
    scored: list[tuple[Score, ...]] = []

    @seed(1)
    @settings(max_examples=150, database=None)
    @given(program=programs())
    def score(program: Program) -> None:
        assume(lower(program, height=7, width=6).connected)
        candidate = Candidate(
            build=lambda _: program, num_classes=1, num_parameters=1, connected=True
        )
        pairs = [Epsilon(weights=(1e-3, 0.5), engine=engine) for engine in engines]
        with np.errstate(all="ignore"):
            scored.append(tuple(scorer_of(metric, minibatch)(candidate) for metric in pairs))

    score()
    double, exact = (list(found) for found in zip(*scored, strict=True))
    errors = np.abs(values(double) - values(exact))
    known = np.isfinite(errors) & np.isfinite(resolutions(double))
    assert known.sum() > 100
    assert (errors[known] > resolutions(double)[known]).sum() <= 3


@x86
def test_float64_of_recurrent_networks_errs_by_less_than_its_estimate() -> None:
    tokens = np.random.default_rng(0).uniform(size=(20, 16, 400))
    minibatch = Minibatch(inputs=tokens, kind="tokens", dataset="noise")
    double, exact = (
        scores(NBNLP, (1e-5, 1e-3), engine, minibatch, count=40)
        for engine in (CollapsedEngine(dtype="float64"), ExtendedEngine())
    )
    errors = np.abs(values(double) - values(exact))
    known = np.isfinite(errors)
    assert known.sum() > 30
    assert (errors[known] > resolutions(double)[known]).sum() <= 1


@pytest.mark.parametrize("space", [NB201, NB101], ids=lambda space: space.name)
def test_transposed_images_change_a_score_by_less_than_the_estimate(space: SearchSpace) -> None:
    """All windows are square, so that the exact score does not change; rounding does."""
    minibatch = photos()
    turned = Minibatch(
        inputs=np.ascontiguousarray(minibatch.inputs.transpose(0, 1, 3, 2)),
        kind="images",
        dataset="photos",
    )
    engine = CollapsedEngine(dtype="float32")
    first, second = (
        scores(space, PUBLISHED[space], engine, images, count=60) for images in (minibatch, turned)
    )
    errors = np.abs(values(first) - values(second))
    assert np.median(errors) > 0
    both = resolutions(first) + resolutions(second)
    assert (errors > both).sum() == 0


@pytest.mark.parametrize(
    ("space", "weights"), [(NB101, (1.0, 10.0)), (NB101, (0.1, 1.0)), (NB201, (1e-7, 1e-6))]
)
def test_scores_that_float32_does_not_resolve_are_those_of_float64(
    space: SearchSpace, weights: tuple[float, float]
) -> None:
    found = {
        dtype: values(scores(space, weights, CollapsedEngine(dtype=dtype), photos(), count=20))
        for dtype in ("auto", "float32", "float64")
    }
    assert np.nanmedian(np.abs(found["float32"] / found["float64"] - 1)) > 1e-3
    np.testing.assert_array_equal(found["auto"], found["float64"])


def test_published_weights_are_resolved_in_float32() -> None:
    found = scores(NB201, (1e-7, 1), CollapsedEngine(), photos(), count=30)
    single = scores(NB201, (1e-7, 1), CollapsedEngine(dtype="float32"), photos(), count=30)
    defined = np.isfinite(values(found))
    assert all(score.columns["resolved"] for score, has in zip(found, defined, strict=True) if has)
    assert (values(found) == values(single))[defined].sum() >= defined.sum() - 2


def chain() -> Candidate:
    """Homogeneous layers, whose normalised outputs no constant changes."""
    builder = ProgramBuilder(input_channels=3)
    last = builder.input
    for operation in (Convolution(4, 3, padding=1), ReLU(), Convolution(4, 3, padding=1)):
        last = builder.append(operation, last)
    builder.append(Linear(1), builder.append(GlobalMean(), last))
    program = builder.build()
    return Candidate(build=lambda _: program, num_classes=1, num_parameters=1, connected=True)


def test_a_chain_of_homogeneous_layers_is_a_tie_at_zero() -> None:
    score = scorer_of(Epsilon(weights=(1e-7, 1), engine=CollapsedEngine()), photos())
    found = score(chain())
    assert found.value == 0.0
    assert found.columns["resolved"]
    assert 0 < found.columns["resolution"] < 1e-12


def test_float32_on_request_keeps_its_noise_and_says_so() -> None:
    engine = CollapsedEngine(dtype="float32")
    score = scorer_of(Epsilon(weights=(3e-7, 0.7), engine=engine), photos())
    found = score(chain())
    assert 0 < found.value <= found.columns["resolution"]
    assert not found.columns["resolved"]


def test_the_published_float32_network_knows_its_errors() -> None:
    minibatch = photos(16)
    network = scores(NB201, (1e-7, 1), ReferenceEngine(), minibatch, count=12)
    exact = scores(NB201, (1e-7, 1), CollapsedEngine(dtype="float64"), minibatch, count=12)
    defined = np.isfinite(values(network))
    assert defined.sum() > 3
    errors = np.abs(values(network) - values(exact))[defined]
    assert (errors <= resolutions(network)[defined]).all()
    assert np.median(resolutions(network)[defined]) < 30 * np.median(errors)


def pair(seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [normalise_outputs(rng.normal(size=200)) for _ in range(2)]


def test_the_resolution_grows_with_either_error_and_the_absolute_one_is_smaller() -> None:
    low, high = pair()
    settings = {"unit_roundoff": 2.0**-53}
    one = score_resolution(low, high, rounding=(1e-9, 0.0), **settings)
    assert score_resolution(low, high, rounding=(0.0, 1e-9), **settings) == one
    assert score_resolution(low, high, rounding=(3e-9, 0.0), **settings) == pytest.approx(3 * one)
    absolute = score_resolution(low, high, rounding=(1e-9, 0.0), dispersion="absolute", **settings)
    mean = np.nanmean(np.concatenate([low, high]))
    assert absolute == pytest.approx(mean * one)


def test_simulated_errors_of_outputs_lie_within_the_resolution() -> None:
    """Errors in proportion to the outputs, as floating-point numbers and dead units have them."""
    rng = np.random.default_rng(1)
    outputs = rng.gamma(0.5, size=(2, 100))
    true = [normalise_outputs(values) for values in outputs]
    size = 1e-7
    sizes = [size * float(np.sqrt(np.nanmean(values**2))) for values in true]
    estimate = score_resolution(*true, rounding=(sizes[0], sizes[1]), unit_roundoff=2.0**-53)
    noisy = [outputs * (1 + size * rng.normal(size=outputs.shape)) for _ in range(300)]
    errors = [
        abs(normalised_score(*map(normalise_outputs, pair)) - normalised_score(*true))
        for pair in noisy
    ]
    assert max(errors) < estimate < 20 * float(np.median(errors))


def test_outputs_that_rounding_may_tie_with_the_smallest_count_as_an_error() -> None:
    low, high = pair()
    low[3] = 1e-12  # kept by chance
    without = low.copy()
    without[3] = np.nan
    difference = abs(normalised_score(low, high) - normalised_score(without, high))
    found = score_resolution(low, high, rounding=(1e-12, 0.0), unit_roundoff=2.0**-53)
    assert found >= difference > 1e-4


def test_ties_of_saturated_outputs_count_as_an_error_and_those_of_dead_units_do_not() -> None:
    low, high = pair()
    low[:50] = np.nan
    settings = {"rounding": (1e-16, 1e-16), "unit_roundoff": 2.0**-53}
    assert score_resolution(low, high, exact_ties=True, **settings) < 1e-12
    assert score_resolution(low, high, exact_ties=False, **settings) > 1e-3


def test_nothing_in_common_has_no_resolution() -> None:
    nothing = np.full(5, np.nan)
    found = score_resolution(nothing, nothing, rounding=(1e-9, 1e-9), unit_roundoff=2.0**-53)
    assert math.isnan(found)
