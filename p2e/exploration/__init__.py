"""What Plan2Explore adds to agent and world model."""
