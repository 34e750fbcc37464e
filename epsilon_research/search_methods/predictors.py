"""Predictors of fitness, by scikit-learn."""

import warnings
from typing import Any

import numpy as np
from jaxtyping import Float

MODELS = ("boosting", "gaussian_process")


def predict(
    features: Float[np.ndarray, "candidates features"],
    *,
    model: str,
    known: Float[np.ndarray, "architectures features"],
    target: Float[np.ndarray, " architectures"],
    seed: int,
) -> Float[np.ndarray, " candidates"]:
    """Return what a model that is fitted to known architectures predicts of others.

    Args:
        features: Features of the candidates; NaN where undefined.
        model: "boosting", gradient-boosted trees, or "gaussian_process", one with a Matérn kernel
            on the quantiles of the features.
        known: Features of what is known.
        target: Its values, finite.
        seed: Seed of the model.
    """
    # scikit-learn takes a second to import: only where something is predicted.
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # A proxy that is undefined for all that is known says nothing of the others.
    defined = ~np.isnan(known).all(axis=0)
    if not defined.any():
        return np.zeros(len(features))
    regressor = _boosting(seed) if model == "boosting" else _gaussian_process(len(target), seed)
    # Threads only wait for each other on so few rows. A kernel's parameters at their bounds, or a
    # flat likelihood, are not a reason to warn: the next fit is a few architectures away.
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        regressor.fit(known[:, defined], target)
        return np.asarray(regressor.predict(features[:, defined]), dtype=np.float64)


def _boosting(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=60, min_samples_leaf=5, random_state=seed)


def _gaussian_process(num_rows: int, seed: int) -> Any:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer

    kernel = ConstantKernel() * Matern(nu=2.5) + WhiteKernel(1e-2)
    return make_pipeline(
        SimpleImputer(strategy="median"),
        QuantileTransformer(n_quantiles=min(100, num_rows), random_state=seed),
        GaussianProcessRegressor(kernel, normalize_y=True, random_state=seed),
    )
