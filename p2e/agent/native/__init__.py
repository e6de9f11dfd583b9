"""The agent's update in C++, and the Python that calls it."""
