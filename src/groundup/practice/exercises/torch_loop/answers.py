"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

ZERO = "        optimizer.zero_grad()\n"
BACKWARD = "        loss.backward()\n"
STEP = "        optimizer.step()\n"
TOTAL = "total += loss.item() * len(y)\n        count += len(y)\n    return total / count"
EVALUATED = "            total += F.cross_entropy(logits, y).item() * len(y)\n            right += (logits.argmax(dim=1) == y).sum().item()\n            count += len(y)\n    return total / count, right / count"

WRONG = (
    Wrong("zero_grad forgotten", "zero_grad forgotten", ((ZERO, ""),)),
    Wrong("zero_grad once an epoch", "zero_grad once an epoch", ((ZERO, ""), ("    model.train()\n", "    model.train()\n    optimizer.zero_grad()\n"))),
    Wrong("zero_grad between backward and step", "zero_grad before the step", ((ZERO, ""), (STEP, ZERO + STEP))),
    Wrong("step before backward", "step before backward", ((BACKWARD + STEP, STEP + BACKWARD),)),
    Wrong("step one batch late", "step before backward", ((ZERO, ""), (BACKWARD + STEP, STEP + ZERO + BACKWARD))),
    Wrong("backward forgotten", "backward forgotten", ((BACKWARD, ""),)),
    Wrong("model.train() forgotten", "trained in evaluation mode", (("    model.train()\n", ""),)),
    Wrong("softmax before cross_entropy", "softmax twice", (("loss = F.cross_entropy(model(x), y)", "loss = F.cross_entropy(model(x).softmax(dim=1), y)"),)),
    Wrong("a mean of means", "mean of batch means", ((TOTAL, "total += loss.item()\n        count += 1\n    return total / count"),)),
    Wrong("losses summed as tensors", "graph kept", (("total += loss.item() * len(y)", "total += loss * len(y)"),)),
    Wrong("model.eval() forgotten", "evaluated in training mode", (("    model.eval()\n", ""),)),
    Wrong("no_grad forgotten", "no_grad missing", (("with torch.no_grad():", "if True:"),)),
    Wrong("accuracy as a mean of means", "mean of batch means",
          ((EVALUATED, "            total += F.cross_entropy(logits, y).item() * len(y)\n            right += (logits.argmax(dim=1) == y).float().mean().item()\n"
                       "            count += len(y)\n    return total / count, right / len(loader)"),)),
    Wrong("how many are right", "factor N", (("return total / count, right / count", "return total / count, right"),)),
    Wrong("trains while it evaluates", "trains in evaluation", (("with torch.no_grad():", "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n    if True:"),
          ("            logits = model(x)\n", "            logits = model(x)\n            optimizer.zero_grad()\n            F.cross_entropy(logits, y).backward()\n            optimizer.step()\n"))),
)  # fmt: skip

RIGHT = (
    Right("model.zero_grad after the step", ((ZERO, ""), (STEP, STEP + "        model.zero_grad()\n"))),
    Right("detached tensors", ((TOTAL, "total += loss.detach() * x.shape[0]\n        count += x.shape[0]\n    return float(total / count)"),)),
    Right("inference_mode, and the sum as the reduction", (("with torch.no_grad():", "with torch.inference_mode():"),
          ("total += F.cross_entropy(logits, y).item() * len(y)", "total += F.cross_entropy(logits, y, reduction='sum').item()"))),
    Right("a loss module, and lists", (("loss = F.cross_entropy(model(x), y)", "loss = torch.nn.CrossEntropyLoss()(model(x), y)"),
          (EVALUATED, "            total += F.cross_entropy(logits, y) * len(y)\n            right += torch.sum(torch.max(logits, 1).indices == y)\n            count += len(y)\n    return total / count, right / count"))),
)  # fmt: skip
