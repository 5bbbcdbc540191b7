"""The paper's encoders (§3.3), for who has no configuration at hand: `dubaug.hear_api` without a model file."""

from dubaug.encoders.acoustic_resnet import AcousticResNet
from dubaug.encoders.x3d import X3D

PAPER_AUDIO = AcousticResNet(depth=50, stem_width=64)
PAPER_VIDEO = X3D(crop=224, width_factor=2.0, depth_factor=2.2, stem_width=12, head_width=2048)
