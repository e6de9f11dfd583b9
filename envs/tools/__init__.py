"""Programs that no training run uses: scores of known policies, pictures, the page of tasks."""
