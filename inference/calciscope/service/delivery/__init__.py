"""Ways out: each destination has a queue and a sender of its own, none waits for another.

`queue.py` takes what is due from the journal, makes a `parcel.py` of it and gives it to the
destination's sender: `folder.py`, `dimse.py` (with `commitment.py`) or `dicomweb.py`. A sender
returns only when the destination has confirmed every object. `webhook.py` posts notices.
"""
