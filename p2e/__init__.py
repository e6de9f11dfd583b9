"""Plan2Explore, MBPO, SAC and TRPO. Folders are layers, from nn/ up to algorithms/; files are named
after terms of the field. algorithm.py, batch.py, config.py and metrics.py are the vocabulary.

Every network tensor has a leading seed axis, so that one process can train all seeds of a cell
at once. Axis order: S seeds, E ensemble members (or 2 critics), T time, B rows, then features.
"""
