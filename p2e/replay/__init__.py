"""Replay buffers, and how batches are drawn from them."""
