"""Mendings that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SETTINGS = "SEED, EPOCHS, BATCH, HIDDEN, LR = 0, 8, 32, 32, 0.2"
STEP = "            optimizer.step()\n"
BACK = "            model.backward(loss.backward())\n"
WRONG = (
    Wrong("trains longer", "more than its own gradient", ((SETTINGS, SETTINGS.replace("8, 32", "24, 32")),)),
    Wrong("a larger network", "more than its own gradient", ((SETTINGS, SETTINGS.replace("32, 0.2", "128, 0.2")),)),
    Wrong("another seed", "more than its own gradient", ((SETTINGS, SETTINGS.replace("= 0,", "= 7,")),)),
    Wrong("a smaller learning rate", "more than its own gradient", ((SETTINGS, SETTINGS.replace("0.2", "0.03")),)),
    Wrong("clips the gradients", "more than its own gradient", ((STEP, "            scratch.clip_grad_norm(model.parameters(), 0.1)\n" + STEP),)),
    Wrong("empties them once an epoch", "more than its own gradient", (("        for batch_x", "        optimizer.zero_grad()\n        for batch_x"),)),
    Wrong("mended, and trains longer", "longer", ((BACK, "            optimizer.zero_grad()\n" + BACK), (SETTINGS, SETTINGS.replace("8, 32", "12, 32")))),
)  # fmt: skip

RIGHT = (
    Right("empties behind the step", ((STEP, STEP + "            optimizer.zero_grad()\n"),)),
    Right("asks the model", ((BACK, "            model.zero_grad()\n" + BACK),)),
    Right("by hand", ((BACK, "            for p in model.parameters():\n                p.grad[...] = 0\n" + BACK),)),
    Right("with train_step", (("            losses.append(float(loss(model(batch_x), batch_y)))\n", "            losses.append(scratch.train_step(model, loss, optimizer, batch_x, batch_y))\n"), (BACK, ""), (STEP, ""))),
)  # fmt: skip
