"""The files of a run and the columns of its tables, each defined only here.

The names for tables recorded by the training loop are defined beside the code that records them.
"""

from p2e.loop.recorder import KEY_COLUMNS, table_file

MANIFEST, POLICY, COVERAGE = "manifest.json", "policy.safetensors", "coverage.npz"
# What runs from before November 29, 2026 had in the policy's place; none of these files was kept.
OLDER_POLICY = "checkpoint.pt"
# The columns that a table must have.
COLUMNS = KEY_COLUMNS | {"final": ["seed", "episode", "return", "length", "success"]}
FINAL_SCORES = table_file("final")
EPISODES, EVALUATIONS = table_file("training"), table_file("evaluation")
PREDICTIONS = table_file("predictions")
# Columns of the losses that had other names in older runs: old name to new name.
RENAMED_METRICS = {"doubt_loss": "error_discount_loss"}
# What training writes; the manifest holds the sha256 of each and appears last.
TRAINING_FILES = (*map(table_file, KEY_COLUMNS), COVERAGE, POLICY)
# In a run's state folder: the tables as far as the run is, and how far that is.
LIVE_FOLDER, PROGRESS = "live", "progress.json"
# The summary of a suite: the same tables with the rows of all runs, and one with a row per run.
RUNS_TABLE = table_file("runs")
SUMMARY_TABLES = (RUNS_TABLE, *map(table_file, COLUMNS), COVERAGE)

# The column of final.csv with the sha256 of the policy that it scores; older ones lack it.
POLICY_DIGEST = "policy"

FILM, STILL, FILM_FACTS = "film.webp", "still.webp", "film.json"
# What a report consists of, apart from figures and films; the plots are DVC's.
LEARNING_CURVES_PLOT, DIFFERENCES_PLOT = "plots/learning_curves.csv", "plots/differences.csv"
ANSWER_PAGE, DETAILS_PAGE = "index.html", "details.html"
REPORT_PARTS = (
    *(ANSWER_PAGE, DETAILS_PAGE, "statistics.json", "metrics.json"),
    *(LEARNING_CURVES_PLOT, DIFFERENCES_PLOT),
)
