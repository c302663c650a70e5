"""How good is a link predictor: hide links, score, and measure how high the hidden ones rank.

Outline: ``PREDICTORS[name](graph, pairs, rng) -> scores``; ``hide_links(graph, n, rng) -> (rest, hidden)``;
``ranking_quality(scores, hits) -> dict`` of aupr, average_precision, precision, auc, auc_mroc;
``compare_predictors(graph, predictors, rng, *, share, n_repeats) -> {predictor: {measure: array (n_repeats,)}}``;
``summary(comparison) -> {predictor: {measure: (mean, standard deviation, half width of the 95 % interval)}}``.
"""
