#!/usr/bin/env python3
"""Twin of `apus train seq2seq --data english-spanish`: an LSTM encoder-decoder in PyTorch, with attention or without.

    .venv-peers/bin/python Benchmarks/twins/verses.py [--attention none] [--window 20] [--epochs 12] [--threads 1] [--seed 0]
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import random
import re
import struct
import zlib

from options import begin
from translation import Pair, Translator, loss_of, train, translations

FOLDER, MODULES = "/usr/share/sword/modules/texts/ztext", ("engWEB2015eb", "spaRV1909eb")
WORD = re.compile(r"[^\W_](?:['’]*[^\W_])*|\S")


def verses(path: str) -> list[str]:
    """The entries of a testament without notes, titles and tags."""
    blocks, entries, content = (open(f"{path}.{end}", "rb").read() for end in ("bzs", "bzv", "bzz"))
    texts = [zlib.decompress(content[start:start + size]) for start, size, _ in struct.iter_unpack("<III", blocks)]
    found = []
    for block, start, length in struct.iter_unpack("<IIH", entries):
        text = texts[block][start:start + length].decode("utf-8", "replace") if length else ""
        text = re.sub(r"<(note|title)\b[^>]*(?<!/)>.*?</\1>", " ", text, flags=re.DOTALL)
        found.append(re.sub(r"<[^>]*>", "", text))
    return found


def read() -> list[tuple[list[str], list[str]]]:
    """The words of the verses that both have, in lower case."""
    pairs = []
    for testament in ("ot", "nt"):
        english, spanish = (verses(f"{FOLDER}/{module}/{testament}") for module in MODULES)
        count = min(len(english), len(spanish)) - (450 if testament == "nt" else 0)
        pairs += [(WORD.findall(a.lower()), WORD.findall(b.lower())) for a, b in zip(english[:count], spanish[:count])]
    return [pair for pair in pairs if all(pair)]


def vocabulary(texts: list[list[str]], special: int, limit: int) -> dict[str, int]:
    """The words that occur twice, the most frequent first."""
    counts = collections.Counter(word for text in texts for word in text)
    words = sorted((word for word in counts if counts[word] > 1), key=lambda word: (-counts[word], word))
    return {word: number + special for number, word in enumerate(words[:limit - special])}


def bleu(rows: list[tuple[list[int], list[int]]]) -> float:
    """Of the corpus, over words, an unknown one being right nowhere (Papineni et al., 2002)."""
    matched, total = [0] * 4, [0] * 4
    for guess, truth in rows:
        for n in range(4):
            grams, wanted = (collections.Counter(tuple(row[i:i + n + 1]) for i in range(len(row) - n)) for row in (guess, truth))
            matched[n] += sum(min(count, wanted[gram]) for gram, count in grams.items())
            total[n] += sum(grams.values())
    if not all(matched):
        return 0.0
    lengths = [sum(len(row[side]) for row in rows) for side in (0, 1)]
    return 100 * math.exp(sum(math.log(a / b) for a, b in zip(matched, total)) / 4 + min(0, 1 - lengths[1] / lengths[0]))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attention", choices=["multiplicative", "none"], default="multiplicative")
    parser.add_argument("--window", type=int, default=20)
    parser.add_argument("--vocabulary", type=int, default=4000)
    arguments = begin(parser, epochs=12)
    pairs = read()
    random.shuffle(pairs)
    tests, rest = pairs[:len(pairs) // 20], pairs[len(pairs) // 20:]

    def short(part):
        return [pair for pair in part if max(map(len, pair)) <= arguments.window]

    validation, training = short(rest[:len(rest) // 20]), short(rest[len(rest) // 20:])
    sources = vocabulary([source for source, _ in training], 2, arguments.vocabulary)
    targets = vocabulary([target for _, target in training], 4, arguments.vocabulary)

    def numbers(part) -> list[Pair]:
        return [([sources.get(word, 1) for word in a], [targets.get(word, 1) for word in b]) for a, b in part]

    model = Translator(len(sources) + 2, len(targets) + 4, 256, 128, 0.3, arguments.attention != "none")
    seconds = train(model, numbers(training), numbers(validation), arguments.epochs, 16, 0.002)
    words = {number: word for word, number in targets.items()}
    result = {"parameters": sum(p.numel() for p in model.parameters()), "training": len(training), "seconds": seconds,
              "test_loss": loss_of(model, numbers(short(tests)))}
    for name, part in (("bleu", tests), ("bleu_short", short(tests))):
        # Words outside the vocabulary have numbers of their own here, which no translation holds.
        others: dict[str, int] = collections.defaultdict(lambda: -len(others) - 1)
        truths = [[targets.get(word) or others[word] for word in target] for _, target in part]
        rows = [(source, truth) for (source, _), truth in zip(numbers(part), truths, strict=True)]
        result[name] = bleu(translations(model, rows, 2 * arguments.window))
    print(json.dumps(result | {"words": len(words)}))


if __name__ == "__main__":
    main()
