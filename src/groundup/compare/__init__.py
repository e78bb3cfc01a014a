"""The bridge: everything made by hand is compared with PyTorch, and the reader can see the proof.

``cases.py`` has one line for every public component; from it come the evidence (``evidence.py``), the search for
mistakes that nobody would notice (``teeth.py``) and the published ledger (``ledger.py``). ``trajectory.py`` trains
twins side by side, ``speed.py`` times them.
"""
