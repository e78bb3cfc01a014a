"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

TAKE = "columns[:, :, i, j] = padded[:, :, i:bottom:stride, j:right:stride]"
ADD = "padded[:, :, i:bottom:stride, j:right:stride] += columns[:, :, i, j]"
COLUMNS = "return columns.reshape(N, C * K * L, Ho * Wo)"
CROP = "return padded[:, :, padding : padding + H, padding : padding + W]"
Y = "y = weight.reshape(O, C * K * L) @ columns + bias[:, None]"
DWEIGHT = "dweight = (dy @ columns.transpose(0, 2, 1)).sum(axis=0).reshape(weight.shape)"
WRONG = (
    Wrong("rows in the order i, j, c", "order of the rows", ((COLUMNS, "return columns.transpose(0, 2, 3, 1, 4, 5).reshape(N, C * K * L, Ho * Wo)"),)),
    Wrong("places column by column", "order of the places", ((COLUMNS, "return columns.swapaxes(4, 5).reshape(N, C * K * L, Ho * Wo)"),)),
    Wrong("one row for each place", "transposed", ((COLUMNS, COLUMNS + ".transpose(0, 2, 1)"),)),
    Wrong("reshaped where a transposition is due", "reshaped, not transposed",
          ((COLUMNS, "patches = columns.transpose(0, 4, 5, 1, 2, 3)\n    return patches.reshape(N, C * K * L, Ho * Wo)"),)),
    Wrong("stride ignored", "stride ignored", ((TAKE, "columns[:, :, i, j] = padded[:, :, i : i + Ho, j : j + Wo]"),)),
    Wrong("the border repeated", "padding not zero", (("(padding, padding)))\n    columns", '(padding, padding)), mode="edge")\n    columns'),)),
    Wrong("columns overwrite each other", "overlap overwritten", ((ADD, ADD.replace("+=", "=")),)),
    Wrong("averaged where windows overlap", "overlap averaged",
          (("    padded = np.zeros((N, C, H + 2 * padding, W + 2 * padding), columns.dtype)\n",
            "    padded = np.zeros((N, C, H + 2 * padding, W + 2 * padding), columns.dtype)\n    count = np.zeros_like(padded)\n"),
           (ADD, ADD + "\n            count[:, :, i:bottom:stride, j:right:stride] += 1"),
           (CROP, "padded /= np.maximum(count, 1)\n    " + CROP))),
    Wrong("padding not cut off", "not cropped", ((CROP, "return padded"),)),
    Wrong("cut at the wrong place", "cropped at the wrong place", ((CROP, "return padded[:, :, :H, :W]"),)),
    Wrong("filters reshaped the wrong way", "filters mixed up", ((Y, "y = weight.reshape(C * K * L, O).T @ columns + bias[:, None]"),)),
    Wrong("bias forgotten", "input ignored: bias", ((Y, Y.replace(" + bias[:, None]", "")),)),
    Wrong("dweight keeps the batch", "not summed over axis 0", ((DWEIGHT, "dweight = (dy @ columns.transpose(0, 2, 1)).reshape(N, *weight.shape)"),)),
    Wrong("dweight averaged", "factor 1/N", ((DWEIGHT, DWEIGHT.replace(".sum(", ".mean(")),)),
    Wrong("columns in float64", "dtype", (("columns = np.zeros((N, C, K, L, Ho, Wo), x.dtype)", "columns = np.zeros((N, C, K, L, Ho, Wo))"),)),
)  # fmt: skip

RIGHT = (
    Right("a loop over the places", (
        ("    for i in range(K):\n        for j in range(L):\n            bottom, right = i + stride * Ho, j + stride * Wo\n            " + TAKE,
         "    for h in range(Ho):\n        for v in range(Wo):\n            top, left = h * stride, v * stride\n"
         "            columns[..., h, v] = padded[:, :, top : top + K, left : left + L]"),)),
    Right("NumPy's sliding windows", (
        (COLUMNS, "windows = np.lib.stride_tricks.sliding_window_view(padded, (K, L), axis=(2, 3))[:, :, ::stride, ::stride]\n"
                  "    return windows.transpose(0, 1, 4, 5, 2, 3).reshape(N, C * K * L, Ho * Wo)"),)),
    Right("einsum", ((Y, 'y = np.einsum("ok,nkp->nop", weight.reshape(O, -1), columns) + bias[:, None]'),
                     (DWEIGHT, 'dweight = np.einsum("nop,nkp->ok", dy, columns).reshape(weight.shape)'))),
    Right("one product for the whole batch", ((DWEIGHT,
        "dweight = (dy.transpose(1, 0, 2).reshape(O, -1) @ columns.transpose(1, 0, 2).reshape(columns.shape[1], -1).T).reshape(weight.shape)"),)),
)  # fmt: skip
