"""Mendings that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SETTINGS = "SEED, EPOCHS, BATCH, HIDDEN, LR = 0, 12, 32, 32, 0.2"
RETURN = "    return (model(x).argmax(dim=1) == y).float().mean().item()\n"
TRAIN = "        model.train()\n"
WRONG = (
    Wrong("trains longer", "twice different", ((SETTINGS, SETTINGS.replace("12, 32", "16, 32")),)),
    Wrong("a larger network", "twice different", ((SETTINGS, SETTINGS.replace("32, 0.2", "64, 0.2")),)),
    Wrong("another seed", "twice different", ((SETTINGS, SETTINGS.replace("= 0,", "= 7,")),)),
    Wrong("the mean of five", "twice different", ((RETURN, "    return sum((model(x).argmax(dim=1) == y).float().mean().item() for _ in range(5)) / 5\n"),)),
    Wrong("always the same chance", "still at random", ((RETURN, "    torch.manual_seed(0)\n" + RETURN),)),
    Wrong("no dropout at all", "no dropout", (("    return nn.Sequential(nn.Dropout(0.4), nn.Linear(64, HIDDEN), nn.ReLU(), nn.Dropout(0.4), nn.Linear(HIDDEN, 10))", "    return nn.Sequential(nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))"), (RETURN, "    model.eval()\n" + RETURN))),
    Wrong("never back to learning", "not while it learns", ((RETURN, "    model.eval()\n" + RETURN), (TRAIN, ""))),
)  # fmt: skip

RIGHT = (
    Right("and back again", ((TRAIN, ""), (RETURN, "    model.eval()\n    right = (model(x).argmax(dim=1) == y).float().mean().item()\n    model.train()\n    return right\n"))),
    Right("train(False)", ((RETURN, "    model.train(False)\n" + RETURN),)),
    Right("layer by layer", ((RETURN, "    for layer in model:\n        layer.training = False\n" + RETURN),)),
)  # fmt: skip
