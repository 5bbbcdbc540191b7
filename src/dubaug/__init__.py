"""From a folder of dubbed films to every table and figure of *Looking Similar, Sounding Different*.

Data flows one way through the sub-packages:
`corpus` -> `media` -> `separation` -> `shards` -> `pretrain` -> `downstream` -> `embed` -> `probe` -> `report`;
`config`, `tracking` and the small modules beside this one serve them all, `demo` makes a corpus to try them on, and
`export` hands on what came out.
"""

__version__ = "0.1.0"
