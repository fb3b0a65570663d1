"""A small picture for phones that send one."""

import base64

SAMPLE_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAdklEQVR42g3JoQEEIQwAsB/nhmAIhmCIaHQ1uhpdjWasJza/z21u"
    "d4fLDTfdcn+f05zuDIcTTjrlvKimuhqKCpWq1Ivd7G4Pmx122mW/yCa7HJIMmbLki9Wsbg2LFVZaZb2IJroYggiRosSL2cxuDpMZ"
    "Zppl/gGBsWLBr9o3DgAAAABJRU5ErkJggg=="
)
