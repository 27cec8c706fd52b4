"""The decisions: pure functions from history, policy and now to what is due."""
