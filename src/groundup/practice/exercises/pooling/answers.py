"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

Y = "y[:, :, h, v] = padded[:, :, top : top + kernel, left : left + kernel].max(axis=(2, 3))"
MEAN = "y[:, :, h, v] = padded[:, :, top : top + kernel, left : left + kernel].mean(axis=(2, 3))"
TO_WINNER = "dpadded[n, c, top + i, left + j] += dy[n, c, h, v]"
WINNER = "i, j = np.unravel_index(window.argmax(), window.shape)\n        " + TO_WINNER
TO_ALL = "dpadded[:, :, top : top + kernel, left : left + kernel] += share[:, :, None, None]"
CROP = "\n    return dpadded[:, :, padding : padding + H, padding : padding + W]"
WRONG = (
    Wrong("zeros as padding", "padded with zeros", (("padded = np.pad(x, border, constant_values=-np.inf)\n    y", "padded = np.pad(x, border)\n    y"),)),
    Wrong("windows side by side", "stride ignored", ((Y, Y.replace("[:, :, top : top + kernel, left : left + kernel]", "[:, :, h : h + kernel, v : v + kernel]")),)),
    Wrong("window one too small", "window one too small", ((Y, Y.replace("+ kernel", "+ kernel - 1")),)),
    Wrong("one maximum for all channels", "maximum over the channels too", ((Y, Y.replace("(axis=(2, 3))", "(axis=(1, 2, 3))[:, None]")),)),
    Wrong("equals all get it", "equals all win", ((WINNER,
        "dpadded[n, c, top : top + kernel, left : left + kernel] += dy[n, c, h, v] * (window == window.max())"),)),
    Wrong("equals share it", "equals share", ((WINNER,
        "best = window == window.max()\n        dpadded[n, c, top : top + kernel, left : left + kernel] += dy[n, c, h, v] * best / best.sum()"),)),
    Wrong("winners overwritten", "overlap overwritten", ((TO_WINNER, TO_WINNER.replace("+=", "=")),)),
    Wrong("to all of the window", "gradient to the whole window", ((WINNER,
        "dpadded[n, c, top : top + kernel, left : left + kernel] += dy[n, c, h, v]"),)),
    Wrong("row and column exchanged", "row and column exchanged", ((WINNER, WINNER.replace("i, j =", "j, i =")),)),
    Wrong("dy times the maximum", "unnamed", ((TO_WINNER, TO_WINNER + " * window.max()"),)),
    Wrong("sum instead of mean", "factor kernel²", ((MEAN, MEAN.replace(".mean", ".sum")),)),
    Wrong("padding not counted", "padding not counted", ((MEAN,
        "inside = np.pad(np.ones((H, W)), padding)[top : top + kernel, left : left + kernel]\n"
        "            " + MEAN.replace(".mean(axis=(2, 3))", ".sum(axis=(2, 3)) / inside.sum()")),)),
    Wrong("divided by one side", "factor kernel", (("share = dy[:, :, h, v] / kernel**2", "share = dy[:, :, h, v] / kernel"),)),
    Wrong("shares overwritten", "overlap overwritten", ((TO_ALL, TO_ALL.replace("+=", "=")),)),
    Wrong("padding not cut off", "not cropped", ((TO_ALL + CROP, TO_ALL + "\n    return dpadded"),)),
)  # fmt: skip

RIGHT = (
    Right("a loop over the places of the window", (
        ("    y = np.zeros((N, C, Ho, Wo), x.dtype)\n    for h in range(Ho):\n        for v in range(Wo):\n            top, left = h * stride, v * stride\n            " + Y,
         "    y = np.full((N, C, Ho, Wo), -np.inf, x.dtype)\n    for i in range(kernel):\n        for j in range(kernel):\n"
         "            view = padded[:, :, i : i + stride * Ho : stride, j : j + stride * Wo : stride]\n            y = np.maximum(y, view)"),)),
    Right("the winner by two loops", ((WINNER,
        "best = None\n        for i in range(kernel):\n            for j in range(kernel):\n"
        "                if best is None or window[i, j] > window[best]:\n                    best = i, j\n"
        "        dpadded[n, c, top + best[0], left + best[1]] += dy[n, c, h, v]"),)),
    Right("divmod, and the smallest float", ((WINNER, WINNER.replace("np.unravel_index(window.argmax(), window.shape)", "divmod(int(window.argmax()), kernel)")),
        ("padded = np.pad(x, border, constant_values=-np.inf)\n    y", "padded = np.pad(x, border, constant_values=np.finfo(x.dtype).min)\n    y"))),
    Right("every share by itself", ((TO_ALL,
        "for i in range(kernel):\n                for j in range(kernel):\n                    dpadded[:, :, top + i, left + j] += share"),)),
)  # fmt: skip
