"""A made-up corpus of German and English, so regular that a tiny model learns it within seconds."""

import itertools

from groundup import data
from groundup.data import Pairs, Translations

WHO = {"Ein Mann": "A man", "Eine Frau": "A woman", "Der Hund": "The dog", "Das kleine Kind": "The little child"}
DOES = {"sieht": "sees", "mag": "likes", "sucht": "looks for"}
WHAT = {"ein Haus": "a house", "den Ball": "the ball", "einen roten Hut": "a red hat", "Schnee": "snow"}


def made_up() -> Translations:
    pairs = [
        (f"{who} {does} {what}.", f"{WHO[who]} {DOES[does]} {WHAT[what]}.")
        for who, does, what in itertools.product(WHO, DOES, WHAT)
    ]
    held_out = pairs[::7]
    training = [pair for pair in pairs if pair not in held_out]
    parts = (training, held_out[:4], held_out[4:])
    train, validation, test = (Pairs(tuple(p[0] for p in part), tuple(p[1] for p in part)) for part in parts)
    return Translations(train, validation, test, data.card("multi30k"))
