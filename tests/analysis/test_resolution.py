

def test_the_paper_protocol_keeps_ties_at_zero_that_the_published_filter_would_drop() -> None:
    table = frame(resolution=1e-9, resolved=True)
    table.loc[:4, "epsilon"] = 0.0
    kept = protocol_scores(table, metric="epsilon", protocol="paper", paper_filter="positive")
    assert np.isfinite(kept).all()
    exact = table.drop(columns="epsilon_resolution")
    kept = protocol_scores(exact, metric="epsilon", protocol="paper", paper_filter="positive")
    assert np.isnan(kept).sum() == 5
