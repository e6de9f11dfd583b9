"""Networks and their optimiser in C++, for one core of a CPU."""
