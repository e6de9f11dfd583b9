"""The step of the world model in C++."""
