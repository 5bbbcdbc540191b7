"""Miniatures of the fifteen downstream data sets, generated, each in the published data set's own layout on disk."""
