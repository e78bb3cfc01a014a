"""Schedules: a formula is checked at every step, for it is at the ends that it goes wrong."""

import math
from types import SimpleNamespace

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, named

RATES = ("learning rate",)  # one for each step: the index in the table is the step


def choice(rng, *values):
    return values[rng.integers(len(values))]


def falling(rng, dtype):
    size = choice(rng, 2, 3, 5)
    return Case({"base": choice(rng, 0.3, 0.07), "size": size, "gamma": choice(rng, 0.2, 0.6), "steps": 3 * size + 2})


def wave(rng, dtype):
    total = choice(rng, 7, 11, 13)
    floor = choice(rng, 0.01, 0.02)
    return Case({"base": choice(rng, 0.3, 0.07), "total": total, "floor": floor, "steps": total + 4})


def warm(rng, dtype):
    warmup = choice(rng, 3, 5)
    case = wave(rng, dtype).inputs
    return Case({**case, "warmup": warmup, "start": choice(rng, 0.1, 0.3)})


def optimizer(rng, dtype):
    total = choice(rng, 5, 7, 11)
    return Case(
        {"base": choice(rng, 0.3, 0.07), "rate": lambda k, base: base * (0.2 + 0.7 * k / total), "steps": total}
    )


def each_step(function, *arguments):
    """Return a run that calls the function at every step, with these inputs behind the step and in this order."""

    def run(module, inputs):
        values = [inputs[name] for name in arguments]
        rates = [getattr(module, function)(k, *values) for k in range(inputs["steps"])]
        return {RATES[0]: [named(rate, ("rate",), function)["rate"] for rate in rates]}

    return run


def drive(module, inputs):
    """Let the schedule set the learning rate of something, as a training loop does, and note it at every step."""
    driven = SimpleNamespace(lr=inputs["base"])
    schedule = module.Schedule(driven, inputs["rate"])
    rates = [driven.lr]
    for _ in range(inputs["steps"]):
        schedule.step()
        rates.append(driven.lr)
    return {RATES[0]: rates}


def slip(cause, message, rate):
    """What ``rate(k, inputs)`` gives at every step."""
    return Slip(cause, message, lambda i: {RATES[0]: np.array([float(rate(k, i)) for k in range(i["steps"])])})


def half_wave(k, base, total, floor, half=0.5, turns=0.5, top=None, clamp=True):
    done = min(k / total, 1) if clamp else k / total
    return floor + half * ((base - floor) if top is None else top) * (1 + math.cos(2 * math.pi * turns * done))


def cosine_slip(cause, message, **changes):
    return slip(cause, message, lambda k, i: half_wave(k, i["base"], i["total"], i["floor"], **changes))


def warmed(k, i, line=None, shift=True, rest=True):
    """Warm-up and cosine, with one thing done differently: what the learner may have written."""
    base, warmup, total, start = i["base"], i["warmup"], i["total"], i["start"]
    if k < warmup:
        return base * (start + (1 - start) * k / warmup) if line is None else line(k, base, warmup, start)
    return half_wave(k - warmup if shift else k, base, total - warmup if rest else total, i["floor"])


def warmup_slip(cause, message, **changes):
    return slip(cause, message, lambda k, i: warmed(k, i, **changes))


def driven(i, late=False, kept_first=False):
    """The rates when the base is read from the optimizer again and again (perhaps not at step 1), or once but too late."""
    rate, lr = i["rate"], i["base"]
    rates = [rate(0, lr)]
    for k in range(1, i["steps"] + 1):
        rates.append(rate(k, rates[0] if late else lr if kept_first and k == 1 else rates[-1]))
    return {RATES[0]: np.array(rates)}


EXERCISE = Exercise(
    title="Learning rate schedules",
    parts=(
        Part("stairs", falling, RATES, run=each_step("stairs", "base", "size", "gamma"), float32=False, slips=(
            slip("not rounded down", "This falls in every step: k / size is not rounded down. // divides and rounds down.",
                 lambda k, i: i["base"] * i["gamma"] ** (k / i["size"])),
            slip("power missing", "gamma is multiplied with the number of stairs: it is taken to that power.",
                 lambda k, i: i["base"] * i["gamma"] * (k // i["size"])),
            slip("off by one", "Each stair begins one step late: at step k = size the rate has fallen already.",
                 lambda k, i: i["base"] * i["gamma"] ** ((k - 1) // i["size"])),
            slip("off by one", "Each stair begins one step early: steps are counted from 0.",
                 lambda k, i: i["base"] * i["gamma"] ** ((k + 1) // i["size"])),
            slip("off by one", "The first stair has one step too many: at step k = size the rate has fallen already.",
                 lambda k, i: i["base"] * i["gamma"] ** (max(k - 1, 0) // i["size"])),
            slip("remainder", "% is the remainder: the number of whole stairs is k // size.",
                 lambda k, i: i["base"] * i["gamma"] ** (k % i["size"])),
            slip("rounded to the nearest", "k / size is rounded to the nearest number: it is rounded down.",
                 lambda k, i: i["base"] * i["gamma"] ** round(k / i["size"])),
            slip("gamma in every step", "The rate is multiplied by gamma in every step, not every size steps.",
                 lambda k, i: i["base"] * i["gamma"] ** k),
        )),
        Part("cosine", wave, RATES, run=each_step("cosine", "base", "total", "floor"), float32=False, slips=(
            cosine_slip("rises again", "The wave comes up again behind step total: the rate stays at floor from there on.",
                        clamp=False),
            cosine_slip("whole wave", "This is a whole wave, down and up again: the angle goes to π, not to 2 π.", turns=1.0),
            cosine_slip("quarter wave", "This is a quarter of a wave: the angle goes to π, not to π / 2.", turns=0.25),
            slip("half missing", "Only the cosine is halved: it is (1 + cos) / 2, so that it goes from 1 to 0.",
                 lambda k, i: half_wave(k, i["base"], i["total"], i["floor"], half=0.5) + (i["base"] - i["floor"]) / 2),
            slip("rounded down", "k // total is 0 until the end, so the rate stays at the base: divide with /.",
                 lambda k, i: i["base"] if k < i["total"] else i["floor"]),
            cosine_slip("half missing", "1 + cos goes from 2 to 0: the half is missing, so it starts at twice the base.", half=1),
            slip("floor on top", "floor is added to a wave that starts at the base, so the first rate is base + floor: the "
                 "wave has the height base - floor.", lambda k, i: half_wave(k, i["base"], i["total"], i["floor"], top=i["base"])),
            slip("never below floor", "The wave goes to 0 and is cut off at floor: it should end in floor.",
                 lambda k, i: max(half_wave(k, i["base"], i["total"], 0), i["floor"])),
            slip("straight line", "This is a straight line from the base to floor.",
                 lambda k, i: i["base"] + (i["floor"] - i["base"]) * min(k / i["total"], 1)),
            slip("rises instead of falling", "The wave goes up from floor to the base: the cosine has the wrong sign.",
                 lambda k, i: i["base"] + i["floor"] - half_wave(k, i["base"], i["total"], i["floor"])),
            slip("off by one", "The wave ends one step early: it reaches floor at step total, not total - 1.",
                 lambda k, i: half_wave(k, i["base"], i["total"] - 1, i["floor"])),
            slip("degrees", "The angle is in degrees: math.cos wants radians, and half a turn is π.",
                 lambda k, i: half_wave(k, i["base"], i["total"], i["floor"], turns=90 / math.pi)),
        )),
        Part("warmup_cosine", warm, RATES, float32=False,
             run=each_step("warmup_cosine", "base", "warmup", "total", "start", "floor"), slips=(
            warmup_slip("warm-up counted twice", "The wave is read at step k of total: it begins when the warm-up is over, so at step "
                        "k - warmup of total - warmup.", shift=False, rest=False),
            warmup_slip("wave too long", "The wave takes total steps after the warm-up: only total - warmup are left.", rest=False),
            warmup_slip("wave not shifted", "The wave begins at step k = 0: read it at k - warmup.", shift=False),
            warmup_slip("one step ahead", "The warm-up is one step ahead: with (k + 1) / warmup it reaches the base before step warmup.",
                        line=lambda k, base, warmup, start: base * (start + (1 - start) * (k + 1) / warmup)),
            warmup_slip("warm-up too high", "The line climbs by base, from start · base to more than the base: it climbs by (1 - start) base.",
                        line=lambda k, base, warmup, start: base * (start + k / warmup)),
            slip("warm-up too slow", "The line is measured by total: it reaches the base at step warmup, so k / warmup.",
                 lambda k, i: warmed(k, i, line=lambda k, base, warmup, start: base * (start + (1 - start) * k / i["total"]))),
            warmup_slip("start as a rate", "The line starts at start: start is a share of the base, start · base.",
                        line=lambda k, base, warmup, start: start + (base - start) * k / warmup),
            warmup_slip("no warm-up", "The first steps have the full base: the line is missing.",
                        line=lambda k, base, warmup, start: base),
            slip("warm-up missing", "This is the wave alone, without a warm-up.",
                 lambda k, i: half_wave(k, i["base"], i["total"], i["floor"])),
        )),
        Part("Schedule", optimizer, RATES, run=drive, float32=False, slips=(
            Slip("compounds", "The formula gets the rate of the step before as its base, so the changes compound. Keep the base "
                 "that the optimizer had in the beginning.", driven),
            Slip("compounds", "step changes the base, so the changes compound. The base stays what the optimizer had in the beginning.",
                 lambda i: driven(i, kept_first=True)),
            Slip("base taken too late", "The base is read from the optimizer after the rate of step 0 was set: read it first.",
                 lambda i: driven(i, late=True)),
            Slip("step 0 not set", "The first step still has the optimizer's own rate: set that of step 0 in __init__.",
                 lambda i: {RATES[0]: np.array([i["base"], *(i["rate"](k, i["base"]) for k in range(1, i["steps"] + 1))])}),
            Slip("off by one", "The rates come one step late: the first call of step sets the rate of step 1. Count first.",
                 lambda i: {RATES[0]: np.array([i["rate"](max(k - 1, 0), i["base"]) for k in range(i["steps"] + 1)])}),
            Slip("never changes", "The rate stays as it was: step must set optimizer.lr of the optimizer that it was given.",
                 lambda i: {RATES[0]: np.full(i["steps"] + 1, i["base"])}),
            Slip("never changes", "The rate stays that of step 0: does step count, and set optimizer.lr?",
                 lambda i: {RATES[0]: np.full(i["steps"] + 1, i["rate"](0, i["base"]))}),
        )),
    ),
    hints=(
        "7 // 3 is 2: it divides and rounds down. min(k / total, 1.0) is the share of the way that is done, never more than all.",
        "At k = 0 the cosine is 1 and the rate must be the base, at k = total it is -1 and the rate must be floor: put both in "
        "by hand. warmup_cosine can call cosine, with fewer steps.",
        "Schedule: self.base = optimizer.lr before anything is changed, self.k = 0, optimizer.lr = rate(0, self.base). In step "
        "first self.k += 1, then self.optimizer.lr = self.rate(self.k, self.base).",
    ),
)  # fmt: skip
