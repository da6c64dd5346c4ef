"""The wall: functions that read strangers' files are carried out behind it, in a process of their own.

The wall knows nothing of what they do; `app.media` registers its functions with it. See
docs/adr/0013-media-behind-a-wall.md.
"""
