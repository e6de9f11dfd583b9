"""The training loop: acting, evaluation, and what a run writes."""
