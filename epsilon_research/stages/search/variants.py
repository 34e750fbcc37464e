"""The variants of a search that one run compares: alone, with warm-ups, with moves by score."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from epsilon_research.search_methods import SearchMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One curve of the figure.

    Args:
        method: The algorithm and its settings.
        warmup_metric: What ranks the pool; None: no warm-up.
        move_metric: What a move by score goes by; None where the move needs none.
        proxies: Metrics whose scores are features of a predictor; empty where there is none.
    """

    method: SearchMethod
    warmup_metric: str | None = None
    move_metric: str | None = None
    proxies: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Key in the summary, e.g. `ageing_evolution+warmup_epsilon+move_score_epsilon`."""
        parts = [self.method.name]
        if self.warmup_metric is not None:
            parts.append(f"warmup_{self.warmup_metric}")
        if self.move_metric is not None:
            parts.append(f"move_{self.method.settings['move']}_{self.move_metric}")
        return "+".join(parts)


def make_variants(
    methods: Sequence[SearchMethod],
    *,
    metrics: Sequence[str],
    has_warmup: bool,
    proxies: Sequence[str] = (),
) -> list[Variant]:
    """Return each method alone and, for each metric, with a warm-up and with moves by its scores.

    Args:
        methods: Several settings of one algorithm, or several algorithms.
        metrics: The metrics to compare.
        has_warmup: Whether there are warm-ups at all.
        proxies: Features of the methods that predict from scores.
    """
    variants = []
    for method in methods:
        alone = Variant(method=method, proxies=tuple(proxies) if method.uses_proxies else ())
        if not method.needs_score:
            variants.append(alone)
        for metric in metrics:
            moving = replace(alone, move_metric=metric) if method.needs_score else alone
            if method.needs_score:
                variants.append(moving)
            if has_warmup:
                variants.append(replace(moving, warmup_metric=metric))
    return variants
