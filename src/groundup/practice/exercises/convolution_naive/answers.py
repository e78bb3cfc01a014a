"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SIZE = "return (size + 2 * padding - kernel) // stride + 1"
SUM = "y[n, o, h, v] = (window * weight[o]).sum() + bias[o]"
PLACE = "        top, left = h * stride, v * stride\n        window"
BACK = "        top, left = h * stride, v * stride\n        dpadded"
DPADDED = "dpadded[n, :, top : top + K, left : left + L] +="
DX = "dx = dpadded[:, :, padding : padding + H, padding : padding + W]"
WRONG = (
    Wrong("one place too few", "one place too few", ((SIZE, SIZE.replace(" + 1", "")),)),
    Wrong("one side padded", "padding on one side", ((SIZE, SIZE.replace("2 * padding", "padding")),)),
    Wrong("rounded up", "rounded up", ((SIZE, "return -(-(size + 2 * padding - kernel) // stride) + 1"),)),
    Wrong("kernel flipped", "kernel flipped", ((SUM, SUM.replace("weight[o]", "weight[o, :, ::-1, ::-1]")),)),
    Wrong("only the first channel", "only the first along axis 1 of x", ((SUM, SUM.replace("(window * weight[o])", "(window[0] * weight[o, 0])")),)),
    Wrong("bias forgotten", "input ignored: bias", ((SUM, SUM.replace(" + bias[o]", "")),)),
    Wrong("bias for every product", "bias added too often", ((SUM, "y[n, o, h, v] = (window * weight[o] + bias[o]).sum()"),)),
    Wrong("stride ignored", "stride ignored", ((PLACE, PLACE.replace("h * stride, v * stride", "h, v")),)),
    Wrong("mean instead of sum", "mean instead of sum", ((SUM, SUM.replace(".sum()", ".mean()")),)),
    Wrong("stride ignored on the way back", "stride ignored", ((BACK, BACK.replace("h * stride, v * stride", "h, v")),)),
    Wrong("shares overwritten", "overlap overwritten", ((DPADDED, DPADDED.replace("+=", "=")),)),
    Wrong("padding not cut off", "not cropped", ((DX, "dx = dpadded"),)),
    Wrong("cut at the wrong place", "cropped at the wrong place", ((DX, "dx = dpadded[:, :, :H, :W]"),)),
    Wrong("dweight averaged", "factor 1/N", (("    return dx, dweight, dbias", "    return dx, dweight / len(x), dbias"),)),
    Wrong("dbias over the batch alone", "not summed over axis 1", (("dy.sum(axis=(0, 2, 3))", "dy.sum(axis=(0, 2))"),)),
)  # fmt: skip

RIGHT = (
    Right("seven loops", (
        ("        window = padded[n, :, top : top + K, left : left + L]\n        " + SUM,
         "        y[n, o, h, v] = bias[o]\n        for c in range(x.shape[1]):\n            for i in range(K):\n                for j in range(L):\n"
         "                    y[n, o, h, v] += weight[o, c, i, j] * padded[n, c, top + i, left + j]"),)),
    Right("all places at once", (
        ("    for n, o, h, v in np.ndindex(*y.shape):\n" + PLACE + " = padded[n, :, top : top + K, left : left + L]\n        " + SUM,
         "    for i in range(K):\n        for j in range(L):\n"
         "            under = padded[:, :, i : i + stride * (Ho - 1) + 1 : stride, j : j + stride * (Wo - 1) + 1 : stride]\n"
         '            y += np.einsum("oc,nchw->nohw", weight[:, :, i, j], under)\n    y += bias[:, None, None]'),)),
    Right("no padding, but a look at the edge", (
        ("        " + DPADDED + " dy[n, o, h, v] * weight[o]\n",
         "        for i in range(K):\n            for j in range(L):\n                row, column = top + i - padding, left + j - padding\n"
         "                if 0 <= row < H and 0 <= column < W:\n                    dx[n, :, row, column] += dy[n, o, h, v] * weight[o, :, i, j]\n"),
        ("    dpadded = np.zeros_like(padded)\n", "    dx = np.zeros_like(x)\n"), ("    " + DX + "\n", ""))),
    Right("int, floor and division", ((SIZE, "return int(np.floor((size + 2 * padding - kernel) / stride)) + 1"),)),
)  # fmt: skip
