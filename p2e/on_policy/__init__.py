"""What algorithms need that learn from the steps of their newest policy alone: a Gaussian policy,
advantages, the natural gradient, a line search and a value function."""
