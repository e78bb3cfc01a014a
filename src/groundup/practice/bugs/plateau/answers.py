"""Mendings that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SETTINGS = "SEED, EPOCHS, BATCH, HIDDEN, LR = 0, 8, 32, 12, 0.01"
OPTIMIZER = "    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=LR)\n"
WHOLE = "    optimizer = torch.optim.Adam(model.parameters(), lr=LR)\n"
GO = "            hold(model[0], still=False)\n"
WRONG = (
    Wrong("trains longer", "never moves", ((SETTINGS, SETTINGS.replace("8, 32", "24, 32")),)),
    Wrong("a larger network", "never moves", ((SETTINGS, SETTINGS.replace("12, 0.01", "64, 0.01")),)),
    Wrong("another seed", "never moves", ((SETTINGS, SETTINGS.replace("= 0,", "= 7,")),)),
    Wrong("a larger learning rate", "never moves", ((SETTINGS, SETTINGS.replace("0.01", "0.1")),)),
    Wrong("lets go the whole model", "never moves", ((GO, "            model.requires_grad_(True)\n"),)),
    Wrong("lets go half of the body", "never moves", ((GO, GO + "            optimizer.add_param_group({'params': list(model[0][0].parameters())})\n"),)),
    Wrong("mended, and trains longer", "longer", ((OPTIMIZER, WHOLE), (SETTINGS, SETTINGS.replace("8, 32", "12, 32")))),
)  # fmt: skip

RIGHT = (
    Right("adds them when they are let go", ((GO, GO + "            optimizer.add_param_group({'params': list(model[0].parameters())})\n"),)),
    Right("a new optimizer", ((GO, GO + "            optimizer = torch.optim.Adam(model.parameters(), lr=LR)\n"),)),
    Right("made before they are held still", (("    hold(model[0], still=True)\n", ""), (OPTIMIZER, WHOLE + "    hold(model[0], still=True)\n"))),
)  # fmt: skip
