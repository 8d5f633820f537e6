#!/usr/bin/env python3
"""Twin of `apus train seq2seq --data cmudict`: an LSTM encoder-decoder with multiplicative attention in PyTorch.

    .venv-peers/bin/python Benchmarks/twins/letters_to_sounds.py [--epochs 8] [--threads 1] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import random

from options import begin
from translation import Pair, Translator, loss_of, train, translations

FILE = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"


def read() -> tuple[list[Pair], int, int]:
    """The first pronunciation of every word, as numbers; how many letters and sounds there are."""
    letters: dict[str, int] = {}
    sounds: dict[str, int] = {}
    pairs = []
    with open(FILE, encoding="utf-8") as file:
        for line in file:
            word, *phones = line.split()
            if not word.endswith(")"):
                pairs.append(([letters.setdefault(letter, len(letters) + 2) for letter in word],
                              [sounds.setdefault(phone, len(sounds) + 4) for phone in phones]))
    return pairs, len(letters) + 2, len(sounds) + 4


def distance(a: list[int], b: list[int]) -> int:
    """Levenshtein's."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        diagonal, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            diagonal, row[j + 1] = row[j + 1], diagonal if x == y else min(diagonal, row[j + 1], row[j]) + 1
    return row[-1]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments = begin(parser, epochs=8)
    pairs, letters, sounds = read()
    random.shuffle(pairs)
    tests, rest = pairs[:len(pairs) // 10], pairs[len(pairs) // 10:]
    validation, training = rest[:len(rest) // 20], rest[len(rest) // 20:]
    model = Translator(letters, sounds, 256, 64, 0.2)
    seconds = train(model, training, validation, arguments.epochs, 128, 0.003)
    found = translations(model, tests, 58)
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()), "test": len(tests),
                      "test_loss": loss_of(model, tests), "seconds": seconds,
                      "phoneme_error": sum(distance(*row) for row in found) / sum(len(truth) for _, truth in found),
                      "word_error": sum(guess != truth for guess, truth in found) / len(found)}))


if __name__ == "__main__":
    main()
