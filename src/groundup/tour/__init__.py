"""The tour: the whole road once, in a minute: gradients, a network by hand, its twin, PyTorch, real data.

``stations.py`` does the work and returns plain results, ``page.py`` makes the page from the stored results,
``command.py`` ties them together.
"""
