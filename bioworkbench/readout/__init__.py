"""What the spikes mean: features of recordings, linear fits to them, and scores."""
