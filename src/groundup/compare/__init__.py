"""The bridge: everything made by hand is compared with PyTorch, and the reader can see the proof.

``cases/`` has one line for every public component, one family a file (``case.py`` says what a line holds); from it come
the evidence (``examine.py`` and the ``..._evidence.py`` of each kind), the search for mistakes that nobody would notice
(``teeth.py``, ``optimizer_teeth.py``) and the published ledger (``ledger.py``). ``trajectory.py`` trains the twins of
``workloads.py`` side by side; ``speed.py`` times them and the networks of ``benchmarks.py``, each engine in a process
of its own (``turns.py``, ``worker.py``). ``model_speed.py`` times the models of Part 2 beside their reference
implementations (``references.py``), ``loader_speed.py`` the making of batches of images.
"""
