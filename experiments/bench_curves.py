"""How cost grows with the size of a network and of a minibatch, beside the PyTorch network's."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rich.progress import track

from epsilon_research.engines import Engine
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.plotting import FigureSettings
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import Add, BatchNorm, Convolution, GlobalMean, ReLU
from experiments.provenance import ROOT

FIGURE = ROOT / "outputs" / "cost.svg"
"""The manual has a copy, `docs/assets/cost.svg`."""
ROUNDS = 3
WEIGHTS = (1e-3, 1.0)


class Size(NamedTuple):
    """A residual network and its minibatch, of images of so many pixels in height and width."""

    images: int = 64
    pixels: int = 32
    channels: int = 32
    blocks: int = 8


_SIZES = {
    "images": (16, 32, 64, 128, 256),
    "pixels": (8, 16, 32, 64),
    "channels": (8, 16, 32, 64, 128),
    "blocks": (2, 4, 8, 16, 32),
}
_ENGINES = {"network": ReferenceEngine(), "collapse": CollapsedEngine()}


def residual_network(size: Size) -> Program:
    """Return a stem and residual blocks of two convolutions."""
    builder = ProgramBuilder()
    layers = (Convolution(size.channels, 3, padding=1), BatchNorm(), ReLU())
    last = builder.chain(builder.input, *layers)
    for _ in range(size.blocks):
        last = builder.append(Add(), last, builder.chain(last, *layers, *layers[:2]))
    builder.append(GlobalMean(), last)
    return builder.build()


def seconds_of(engine: Engine, size: Size) -> float:
    """Return the least time of both passes over a few rounds, without what is remembered."""
    shape = (size.images, 3, size.pixels, size.pixels)
    images = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    program, found = residual_network(size), []
    for _ in range(ROUNDS):
        session = engine.open(images)
        session.outputs(residual_network(Size(blocks=1)), WEIGHTS)
        start = time.perf_counter()
        session.outputs(program, WEIGHTS)
        found.append(time.perf_counter() - start)
    return min(found)


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """Return b of the least-squares fit time = a · size^b."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def cost_curves() -> dict[str, list[float]]:
    """Measure, draw `FIGURE`, and return the exponents of all curves."""
    CollapsedEngine().prepare()
    curves: dict[str, dict[str, list[float]]] = {}
    for name, sizes in track(_SIZES.items(), description="cost curves", transient=True):
        curves[name] = {
            kind: [seconds_of(engine, Size()._replace(**{name: size})) for size in sizes]
            for kind, engine in _ENGINES.items()
        }
    draw(curves)
    return {
        f"{kind}_exponent_of_{name}": [exponent(_SIZES[name], times)]
        for name, found in curves.items()
        for kind, times in found.items()
    }


def draw(curves: dict[str, dict[str, list[float]]]) -> None:
    """Write the figure: milliseconds over each size, both axes logarithmic."""
    from epsilon_research.plotting import style

    with style.figure_style(FigureSettings(formats=["svg"])):
        figure, panels = style.new_panels(len(curves), height=4.6, sharey=True)
        for axes, (name, found) in zip(panels, curves.items(), strict=True):
            for (kind, times), colour in zip(
                found.items(), (style.VERMILION, style.BLUE), strict=True
            ):
                power = exponent(_SIZES[name], times)
                label = f"{kind}, ~ size$^{{{power:.1f}}}$"
                axes.plot(_SIZES[name], 1e3 * np.array(times), "o-", color=colour, label=label)
            axes.set(xscale="log", yscale="log", xlabel=name, ylabel="milliseconds")
            axes.set_xticks(_SIZES[name], [str(size) for size in _SIZES[name]])
            axes.minorticks_off()
            axes.legend(loc="best")
        style.label_panels(panels)
        style.save_figure(figure, folder=FIGURE.parent, name=FIGURE.stem)
