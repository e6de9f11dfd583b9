"""Plan2Explore whose explorer does not see the task's reward: zero-shot and few-shot."""
