"""Quicker forms of stock layers: the same parameters under the same names, the same results."""
