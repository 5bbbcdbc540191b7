"""Encoder families, a file each (`x3d.py`, `acoustic_resnet.py`): networks that turn a clip's picture or sound into a
vector.

`encoders.video.family` and `encoders.audio.family` name the file. What a family is, says `settings`; what the rest of
the package sees of any of them is `encoder.Encoder`; `fast` has quicker forms of convolutions for those that want them.
Imported by the configuration, hence light: torch comes with `encoder`, and with a family's `build`.
"""
