"""How long it takes to drive from one place to another at a moment of the week, and how sure that is.

The pure part is the standard library only: `traffic` (the shape of the week), `model` (minutes from distance and
traffic), `week` (answers for every five minutes), `corrections` (the owner's word), `learning` (what drives took).
"""
