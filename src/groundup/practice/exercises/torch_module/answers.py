"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

WEIGHT = "self.weight = nn.Parameter(torch.empty(features_out, features_in).uniform_(-limit, limit))"
MEAN = 'self.register_buffer("mean", mean)'
LAYERS = "self.layers = nn.ModuleList(Linear(i, o) for i, o in pairwise(sizes))"
LOOP = "for layer in self.layers[:-1]:\n            x = F.dropout(F.relu(layer(x)), self.rate, self.training)\n        return self.layers[-1](x)"
DROPOUT = "F.dropout(F.relu(layer(x)), self.rate, self.training)"

WRONG = (
    Wrong("super forgotten", "raises AttributeError", (("super().__init__()\n        limit", "limit"),)),
    Wrong("mean is learnt", "statistics learnt", ((MEAN, "self.mean = nn.Parameter(mean)"),)),
    Wrong("mean as a plain attribute", "buffer not registered", ((MEAN, "self.mean = mean"),)),
    Wrong("weight as a plain tensor", "parameter not registered",
          ((WEIGHT, "self.weight = (torch.empty(features_out, features_in).uniform_(-limit, limit)).requires_grad_()"),)),
    Wrong("weight the other way round", "weight transposed", ((WEIGHT, WEIGHT.replace("features_out, features_in", "features_in, features_out")), ("x @ self.weight.T", "x @ self.weight"))),
    Wrong("weight from zeros", "starts at zero", ((WEIGHT, "self.weight = nn.Parameter(torch.zeros(features_out, features_in))"),)),
    Wrong("weight not scaled", "not scaled", ((WEIGHT, "self.weight = nn.Parameter(torch.rand(features_out, features_in) * 2 - 1)"),)),
    Wrong("weight.data", "no gradient", (("x @ self.weight.T", "x @ self.weight.data.T"),)),
    Wrong("bias forgotten", "not used", (("x @ self.weight.T + self.bias", "x @ self.weight.T"),)),
    Wrong("layers in a plain list", "parameter not registered", ((LAYERS, "self.layers = [Linear(i, o) for i, o in pairwise(sizes)]"),)),
    Wrong("no ReLU", "ReLU forgotten", ((DROPOUT, "F.dropout(layer(x), self.rate, self.training)"),)),
    Wrong("ReLU after the last layer", "ReLU after the last layer", ((LOOP, "for layer in self.layers:\n            x = F.dropout(F.relu(layer(x)), self.rate, self.training)\n        return x"),)),
    Wrong("F.dropout alone", "dropout in evaluation", ((DROPOUT, "F.dropout(F.relu(layer(x)), self.rate)"),)),
    Wrong("a new nn.Dropout in forward", "dropout in evaluation", ((DROPOUT, "nn.Dropout(self.rate)(F.relu(layer(x)))"),)),
    Wrong("not rescaled", "not rescaled", ((DROPOUT, "F.relu(layer(x))\n            if self.training:\n                x = x * (torch.rand_like(x) >= self.rate)"),)),
)  # fmt: skip

RIGHT = (
    Right("nn.Sequential", ((LAYERS, "layers = []\n        for i, o in zip(sizes, sizes[1:]):\n            layers += [Linear(i, o), nn.ReLU(), nn.Dropout(rate)]\n        self.layers = nn.Sequential(*layers[:-2])"),
                            (LOOP, "return self.layers(x)"))),
    Right("F.linear and nn.init", ((WEIGHT, "self.weight = nn.Parameter(torch.empty((features_out, features_in)))\n        nn.init.kaiming_uniform_(self.weight, a=5**0.5)"),
                                   ("x @ self.weight.T + self.bias", "F.linear(x, self.weight, self.bias)"))),
    Right("dropout by hand, and nn.Linear", ((DROPOUT, "F.relu(layer(x))\n            if self.training:\n                x = torch.where(torch.rand_like(x) < self.rate, 0, x / (1 - self.rate))"),
                                             (LAYERS, LAYERS.replace("Linear(", "nn.Linear(")))),
    Right("attributes by name", ((LAYERS, "self.depth = len(sizes) - 1\n        for number in range(self.depth):\n            setattr(self, f'layer{number}', Linear(sizes[number], sizes[number + 1]))\n        self.dropout = nn.Dropout(rate)"),
                                 (LOOP, "for number in range(self.depth - 1):\n            x = self.dropout(torch.clamp(getattr(self, f'layer{number}')(x), min=0))\n        return getattr(self, f'layer{self.depth - 1}')(x)"))),
)  # fmt: skip
