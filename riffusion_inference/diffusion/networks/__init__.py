"""The networks of checkpoints built like `pocket`, from torch alone.

Importing diffusers and transformers takes several times as long as painting five seconds of music with a small
checkpoint, and one line in a thousand of them is used for it. So what `pocket` consists of is here: the same layers
under the same names in the same order, so that the same files load and the same numbers come out, bit by bit. Any
checkpoint that is built otherwise, or asks for another scheduler, is loaded through diffusers and transformers.
"""
