"""Encoders to hand on, and cards of networks and films.

Modules stand in layers, and import only what is named before them: what is read (`scores`, `corpus`, `network`), the
formats (`plain`, `examples`), sentences (`sections`, `training`), the facts of a card (`facts`), cards (`card`,
`data_card`), what is written (`folder`, `variant`), and the commands (`command`).
"""
