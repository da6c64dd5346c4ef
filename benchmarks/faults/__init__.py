"""What can go wrong from outside while a film is dubbed, done on purpose: kills, full disks, files that vanish.

After each of them the program is run again. Nothing may be lost (an earlier result is whole, the old one or the new
one), nothing half (what is in its place is a whole result). The next run succeeds and leaves nothing of the dead one.
"""
