"""Programs about the environments, which no run uses: scores, pictures, the page on the tasks."""
