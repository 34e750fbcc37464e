"""A space of what a user's builder makes of a trial: define-by-run, as Optuna has it."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from epsilon_research.checks import check_integer
from epsilon_research.programs import Layer, Program
from epsilon_research.programs.operations import Linear
from epsilon_research.spaces.base import SearchSpace
from epsilon_research.spaces.selection import AUTO, Selection

if TYPE_CHECKING:
    from epsilon_research.spaces.trials import Built


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltSpace(SearchSpace):
    """The networks that a builder makes; an id holds the parameters, e.g. `depth=3 kernel=5`.

    The same parameters must always give the same layers. Conditional parameters are allowed.

    Args:
        build: A function of a trial that returns a `torch.nn.Module` and asks for its parameters
            by `trial.suggest_int`, `suggest_float` and `suggest_categorical`; or where it is, as
            `package.module:function`.
        channels: Of the images that its networks take.
        image_size: Pixels of a side of these images.
        num_drawn: Distinct architectures that are drawn, at most; they stand for all.
        generator_seed: Seed of that draw.
        num_classes: Outputs of the trained networks, taken to be those that the builder gives.

    References:
        Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework", KDD 2019.
    """

    build: str | Callable[[Any], Any]
    channels: int = 3
    image_size: int = 32
    num_drawn: int = 1000
    generator_seed: int = 21
    num_classes: int = 10
    name: str = "optuna"
    title: str = field(init=False)
    input_kind: str = "images"
    _drawn: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    enumerated_as_published: ClassVar[bool] = False
    complete: ClassVar[bool] = False
    ids_fix_networks: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in ("channels", "image_size", "num_drawn"):
            check_integer(f"search_space.{name}", getattr(self, name), at_least=1, example=32)
        name = self.build if isinstance(self.build, str) else getattr(self.build, "__name__", "")
        object.__setattr__(self, "title", f"Space of {name}".strip())
        self.builder()

    def builder(self) -> Callable[[Any], Any]:
        """Return the function itself.

        Raises:
            ValueError: There is none of that name.
        """
        if callable(self.build):
            return self.build
        module, _, name = str(self.build).partition(":")
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError, TypeError) as error:
            raise self._not_found(str(error)) from error
        if not callable(found):
            raise self._not_found("that is no function")
        return found

    def _not_found(self, reason: str) -> ValueError:
        return ValueError(
            f"search_space.build must be package.module:function, got {self.build!r} ({reason}): "
            "correct it, or put its folder into PYTHONPATH"
        )

    @property
    def only_image_size(self) -> int:
        """See `SearchSpace`."""
        return self.image_size

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; those that were drawn."""
        if not self._drawn:
            rng = np.random.default_rng(self.generator_seed)
            # Twice as many tries: a small space is drawn whole, but for a few.
            drawn = (self._draw(rng) for _ in range(2 * self.num_drawn))
            self._drawn.extend(list(dict.fromkeys(drawn))[: self.num_drawn])
        return tuple(self._drawn)

    def parse(self, text: str) -> str:
        """See `SearchSpace`."""
        return self.built(text).architecture_id

    def built(self, architecture_id: str) -> "Built":
        """Return the network of an architecture as its builder makes it.

        Raises:
            ValueError: It is no architecture of this space.
        """
        from epsilon_research.spaces.trials import build_from, read

        with _own_generator():
            return build_from(self.builder(), read(architecture_id))

    def built_by(self, trial: Any) -> "Built":
        """Return the network that the builder makes of a trial."""
        from epsilon_research.spaces.trials import Built

        with _own_generator():
            return Built(self.builder()(trial), trial.params, trial.distributions)

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`; other outputs than `num_classes` take the place of the last layer's.

        Raises:
            ValueError: The network has layers that no program can express.
        """
        from epsilon_research.programs.tracing import from_torch

        program = from_torch(
            self.built(architecture_id).network,
            channels=self.channels,
            height=self.image_size,
            width=self.image_size,
        )
        last = program.layers[-1]
        if num_outputs == self.num_classes or not isinstance(last.operation, Linear):
            return program
        head = Layer(replace(last.operation, features=num_outputs), last.inputs, num_outputs)
        return Program((*program.layers[:-1], head))

    def sample(self, count: int, rng: np.random.Generator) -> list[str]:
        """See `SearchSpace`; drawn by the builder, not among `architecture_ids`.

        Raises:
            ValueError: `count` is below 1, or above the architectures that many draws find.
        """
        check_integer("the number of architectures", count, at_least=1, example=100)
        found: dict[str, None] = {}
        for _ in range(100 * count):
            found.setdefault(self._draw(rng))
            if len(found) == count:
                return list(found)
        raise ValueError(
            f"the number of architectures must be at most about {len(found)}, which is what "
            f"draws from {self.title} find, got {count}: ask for fewer"
        )

    def _draw(self, rng: np.random.Generator) -> str:
        from epsilon_research.spaces.trials import draw

        with _own_generator():
            return draw(self.builder(), rng).architecture_id

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; one parameter gets another value, and what that asks for is drawn."""
        from epsilon_research.spaces.trials import mutate

        parent = self.built(architecture_id)
        with _own_generator():
            return mutate(self.builder(), parent, rng).architecture_id


def built_selection(
    *,
    build: str | Callable[[Any], Any],
    published_weights: Sequence[float],
    channels: int = 3,
    image_size: int = 32,
    num_drawn: int = 1000,
    generator_seed: int = 21,
    num_architectures: int | str = AUTO,
    first: int | None = None,
    architectures: str | Sequence[str | int] | None = None,
) -> Selection:
    """Return a `BuiltSpace` and which of its architectures a run scores, see `Selection`."""
    space = BuiltSpace(
        build=build,
        channels=channels,
        image_size=image_size,
        num_drawn=num_drawn,
        generator_seed=generator_seed,
    )
    return Selection(
        space=space,
        published_weights=published_weights,
        num_architectures=num_architectures,
        first=first,
        architectures=architectures,
    )


@contextmanager
def _own_generator() -> Iterator[None]:
    """Leaves PyTorch's global generator, of which networks draw their parameters, as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        yield
