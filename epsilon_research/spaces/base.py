"""The contract of a search space: which architectures there are, and what network each is."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float

from epsilon_research.programs import AnyProgram
from epsilon_research.spaces.cell_graph import CellGraph

_POSITION = re.compile("[0-9]{1,9}")


class Genes(NamedTuple):
    """The independent choices that an architecture is made of, as algorithms see them."""

    choices: Sequence[Sequence[str]]
    """What each gene can be."""
    read: Callable[[str], Sequence[str]]
    """The genes of an architecture id."""
    write: Callable[[Sequence[str]], str]
    """The architecture id of genes."""


class SearchSpace(ABC):
    """A set of architectures, each known by a canonical string, its architecture id."""

    name: str
    title: str
    """What the literature calls it."""
    input_kind: str
    """What minibatches its networks take: "images" or "tokens"."""
    num_classes: int
    """Outputs of the trained networks; decides `num_parameters`, not the score."""
    enumerated_as_published: ClassVar[bool] = True
    """Whether `architecture_ids` is in the order of the benchmark's own files."""
    complete: ClassVar[bool] = True
    """Whether `architecture_ids` are all there are, not some that were drawn or read."""
    ids_fix_networks: ClassVar[bool] = True
    """Whether an id is the same network for ever; not where a user's own code makes it."""

    @property
    def only_image_size(self) -> int | None:
        """Pixels of a side of the only images that the programs are written for; None: any."""
        return None

    @property
    @abstractmethod
    def architecture_ids(self) -> Sequence[str]:
        """Ids of all architectures, in the benchmark's own order if there is one."""

    @abstractmethod
    def parse(self, text: str) -> str:
        """Return the architecture id that `text` means.

        Raises:
            ValueError: `text` describes no architecture of this space; says why.
        """

    def identify(self, text: str) -> str:
        """Return the architecture id of what a file or a table calls an architecture.

        Args:
            text: Whatever `parse` takes or, where `enumerated_as_published`, a position in
                `architecture_ids`, counted from 0, as the benchmark's own files count.

        Raises:
            ValueError: `text` is neither.
        """
        try:
            return self.parse(text)
        except ValueError:
            if not (self.enumerated_as_published and _POSITION.fullmatch(text.strip())):
                raise
        ids, position = self.architecture_ids, int(text)
        if position >= len(ids):
            raise ValueError(
                f"a position on {self.name} must lie between 0 and {len(ids) - 1}, got {position}: "
                "correct it, or write the architecture out"
            )
        return ids[position]

    def canonical_ids(self, names: Sequence[str]) -> list[str | None]:
        """Return the architecture id of each of `names`, None for what is not in this space.

        `identify` in bulk, for the column of a table that names the architectures.
        """
        return [self._identified(name) for name in names]

    def _identified(self, name: str) -> str | None:
        try:
            return self.identify(name)
        except ValueError:
            # The caller asked which names are none of this space: this one.
            return None

    def published_keys(self, ids: Sequence[str]) -> list[str] | None:
        """The key of each architecture in the benchmark's own files; None: the id is the key."""
        return None

    @property
    def genes(self) -> Genes | None:
        """What an architecture is made of; None where its choices depend on each other."""
        return None

    def graphs(self, architecture_id: str) -> Sequence[CellGraph]:
        """Return what an architecture chooses as graphs; none where its id says it best.

        Operations that compute nothing, such as NAS-Bench-201's `none`, are left out.
        """
        return ()

    def encode(self, ids: Sequence[str]) -> Float[np.ndarray, "architectures features"] | None:
        """Return features of architectures for a predictor; None where there are none.

        Unless a space has better ones, they are its genes, one-hot: 1 for what each gene is, 0 for
        what else it could be.
        """
        genes = self.genes
        if genes is None:
            return None
        known = [{choice: place for place, choice in enumerate(one)} for one in genes.choices]
        starts = np.cumsum([0, *map(len, known)])
        places = [
            [options[gene] for options, gene in zip(known, genes.read(id_), strict=True)]
            for id_ in ids
        ]
        encoded = np.zeros((len(ids), int(starts[-1])))
        rows = np.arange(len(ids))[:, None]
        encoded[
            rows, np.array(places, dtype=np.int64).reshape(len(ids), len(known)) + starts[:-1]
        ] = 1.0
        return encoded

    def function_keys(self, ids: Sequence[str]) -> list[str] | None:
        """Return a key of each architecture that only architectures of equal function share.

        None: canonical hashes of the lowered `core_program` distinguish functions.
        """
        return None

    def count_parameters(self, ids: Sequence[str]) -> np.ndarray | None:
        """Return the trainable parameters with `num_classes` outputs, int64 [architectures].

        None: count those of each program. A space overrides it to count many at once.
        """
        return None

    def count_convolutions(self, ids: Sequence[str]) -> np.ndarray | None:
        """Return the convolutions of each network, int64 [architectures].

        None: as for `count_parameters`.
        """
        return None

    @abstractmethod
    def program(self, architecture_id: str, *, num_outputs: int) -> AnyProgram:
        """Return the network of an architecture with `num_outputs` outputs.

        Epsilon scores one output; trained networks have one per class.
        """

    def core_program(self, architecture_id: str) -> AnyProgram:
        """Return a program, small, that distinguishes architectures of different function.

        Two architectures whose core programs are the same function are the same network function
        under every constant initialisation. The network itself always qualifies; a space whose
        skeleton is fixed may return what the skeleton repeats.
        """
        return self.program(architecture_id, num_outputs=1)

    @abstractmethod
    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """Return an architecture that differs from `architecture_id` in exactly one gene."""

    def mutate_as_published(self, architecture_id: str, rng: np.random.Generator) -> str:
        """Return a mutation drawn as the epsilon paper's code draws it.

        The same as `mutate` on spaces on which the paper shows no evolution.
        """
        return self.mutate(architecture_id, rng)

    def sample(self, count: int, rng: np.random.Generator) -> list[str]:
        """Return `count` distinct architectures, drawn uniformly, in the benchmark's own order.

        Raises:
            ValueError: `count` is below 1 or above the number of architectures.
        """
        ids = self.architecture_ids
        if not 1 <= count <= len(ids):
            raise ValueError(
                f"the number of architectures must lie between 1 and {len(ids)} on {self.name}, "
                f"got {count}"
            )
        chosen = np.sort(rng.choice(len(ids), size=count, replace=False))
        return [ids[int(index)] for index in chosen]
