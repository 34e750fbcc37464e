"""Token ids without a text: uniform draws, for runs that have no data and no network."""

from dataclasses import dataclass, field

import numpy as np

from epsilon_research.checks import check_integer
from epsilon_research.data.base import TOKENS
from epsilon_research.data.embedding import Embedding
from epsilon_research.data.tokens import TextDataset, TokenBatch, check_text_settings
from epsilon_research.data.vocabulary import LARGEST_VOCABULARY


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomTokens(TextDataset):
    """Independent token ids, each of the vocabulary with equal chance.

    Args:
        num_tokens: Size of the vocabulary; 10,000 as in PTB.
        sequence_length: Time steps of a sample; 70 as in the epsilon paper.
        embedding: What the network sees in place of an id.
    """

    num_tokens: int = 10_000
    sequence_length: int = 70
    embedding: Embedding = field(default_factory=Embedding)
    name: str = "random_tokens"
    kind: str = TOKENS

    def __post_init__(self) -> None:
        check_text_settings(sequence_length=self.sequence_length)
        # With one token every sample would be the same.
        check_integer(
            "dataset.num_tokens",
            self.num_tokens,
            at_least=2,
            at_most=LARGEST_VOCABULARY,
            example=10_000,
        )

    def tokens(self, *, batch_size: int, rng: np.random.Generator) -> TokenBatch:
        """See `TextDataset`; any batch size."""
        ids = rng.integers(0, self.num_tokens, (self.sequence_length, batch_size))
        return TokenBatch(ids=ids, num_tokens=self.num_tokens)
