"""Many runs that answer one question: which choices are best (``groundup sweep``), and which of them matter
(``groundup ablate``).

To read it: ``files`` says what a file of an experiment holds, ``one_run`` does a run or goes on with one that was
killed, ``search`` chooses what to try next, ``ablation`` repeats named choices with several seeds, ``statistics`` tells
a difference from noise, ``workers`` starts processes; ``command`` ties them to the command line, and the pages show
what came out.

Everything is compared on validation. The test split stays unseen, so that at the end it can still tell the truth.
"""
