"""The statistics as the paper's code computes them, with scipy: the reference of these tests."""

import numpy as np
import scipy.stats
from sklearn.metrics import ndcg_score


def naive_statistics(scores: np.ndarray, accuracies: np.ndarray) -> list[float]:
    """The statistics, in the order of `STATISTICS`."""
    if len(scores) < 3:
        return [np.nan] * 7
    top = accuracies > np.nanpercentile(accuracies, 90)
    best = scores > np.nanpercentile(scores, 90)
    overlap = 100 * (top & best).sum() / best.sum() if best.any() else np.nan
    best_64 = np.nan
    if len(scores) > 64:
        among_64 = scores >= np.sort(scores)[-64]
        best_64 = ((accuracies > np.nanpercentile(accuracies, 95)) & among_64).sum()
    return [
        correlation(scipy.stats.spearmanr, scores, accuracies),
        correlation(scipy.stats.spearmanr, scores[top], accuracies[top]),
        correlation(scipy.stats.kendalltau, scores, accuracies),
        correlation(scipy.stats.kendalltau, scores[top], accuracies[top]),
        overlap,
        best_64,
        naive_ndcg(scores, accuracies),
    ]


def naive_ndcg(scores: np.ndarray, accuracies: np.ndarray) -> float:
    """nDCG of the best-scored tenth by scikit-learn, which shares positions among ties, too."""
    if np.ptp(accuracies) == 0:
        return np.nan
    gains = (scipy.stats.rankdata(accuracies) - 1) / (len(accuracies) - 1)
    return float(ndcg_score([gains], [scores], k=int(np.ceil(len(scores) / 10))))


def correlation(function, scores: np.ndarray, accuracies: np.ndarray) -> float:
    """A correlation by scipy; NaN, without its warning, where it is undefined."""
    if len(scores) < 3 or np.ptp(scores) == 0 or np.ptp(accuracies) == 0:
        return np.nan
    return float(function(scores, accuracies)[0])
