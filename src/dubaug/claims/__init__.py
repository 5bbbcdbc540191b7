"""What the paper states, as data, and what a run's results say of it. Light: no torch."""
