"""Scores: what each is called, which way is better, its range, and how it is computed; `packaged` lists them."""
