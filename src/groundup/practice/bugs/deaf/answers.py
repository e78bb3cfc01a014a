"""Mendings that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SETTINGS = "SEED, EPOCHS, BATCH, HIDDEN, LR, UNIT = 0, 30, 50, 32, 0.01, 7e-4"
BACK = "model.backward(UNIT * loss.backward())"
LOSS = "losses.append(float(loss(UNIT * model(batch_x), batch_y)))"
STEP = "            optimizer.step()\n"
WRONG = (
    Wrong("trains longer", "rounded to zero", ((SETTINGS, SETTINGS.replace("30, 50", "50, 50")),)),
    Wrong("a larger network", "larger", ((SETTINGS, SETTINGS.replace("50, 32", "50, 64")),)),
    Wrong("another seed", "rounded to zero", ((SETTINGS, SETTINGS.replace("= 0,", "= 7,")),)),
    Wrong("a larger learning rate", "rounded to zero", ((SETTINGS, SETTINGS.replace("0.01", "0.1")),)),
    Wrong("smaller batches", "rounded to zero", ((SETTINGS, SETTINGS.replace("30, 50", "30, 10")),)),
    Wrong("larger when it is too late", "rounded to zero", ((STEP, "            for p in model.parameters():\n                p.grad *= 1000\n" + STEP),)),
    Wrong("not enough", "rounded to zero", ((BACK, "model.backward(4 * UNIT * loss.backward())"),)),
)  # fmt: skip

RIGHT = (
    Right("in millimetres", ((LOSS, "losses.append(float(loss(model(batch_x), batch_y / UNIT)))"), (BACK, "model.backward(loss.backward())"))),
    Right("scaled, and left to Adam", ((BACK, "model.backward(1e6 * UNIT * loss.backward())"),)),
    Right("float32 on the way back", (("return dy.astype(np.float16).astype(np.float32)", "return dy"),)),
)  # fmt: skip
