"""One run: its settings, its files, its training, its trained policy, and the film of it."""
