"""Plan2Explore, MBPO and SAC: file names are the glossary of the field.

Every network tensor has a leading seed axis, so that one process can train all seeds of a cell
at once. Axis order: S seeds, E ensemble members (or 2 critics), T time, B rows, then features.
"""
