#!/usr/bin/env python3
"""Twin of `apus train textclassifier`: an LSTM in both directions over words and the mean of its outputs, in PyTorch.

    .venv-peers/bin/python Benchmarks/twins/sentiment.py movie-snippets.tsv [--epochs 6] [--threads 1] [--seed 0]
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import re
import time

import torch
from options import begin
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

WINDOW, UNITS, DROPOUT, BATCH = 64, 64, 0.5, 64
WORD = re.compile(r"[^\W_](?:['’]*[^\W_])*|\S")
Sample = tuple[list[int], int]


class TextClassifier(nn.Module):
    """Embedding, LSTM, mean, dense layer."""

    def __init__(self, words: int, classes: int) -> None:
        super().__init__()
        self.embedding, self.recurrent = nn.Embedding(words, 64), nn.LSTM(64, UNITS, bidirectional=True, batch_first=True)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.decoder, self.dropout = nn.Linear(2 * UNITS, classes), nn.Dropout(DROPOUT)

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """Logits of texts [N, T], padded with 0."""
        lengths = (numbers != 0).sum(1)
        packed = pack_padded_sequence(self.dropout(self.embedding(numbers)), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.recurrent(packed)[0], batch_first=True)
        return self.decoder(self.dropout(outputs.sum(1) / lengths[:, None]))


def tensors(samples: list[Sample]) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch."""
    width = max(len(numbers) for numbers, _ in samples)
    return (torch.tensor([numbers + [0] * (width - len(numbers)) for numbers, _ in samples]),
            torch.tensor([label for _, label in samples]))


def epoch_batches(samples: list[Sample]) -> list[list[Sample]]:
    """Random batches of similar lengths: parts of 32 batches are sorted."""
    order = random.sample(samples, len(samples))
    batches = []
    for start in range(0, len(order), 32 * BATCH):
        part = sorted(order[start:start + 32 * BATCH], key=lambda sample: len(sample[0]))
        batches += random.sample(groups := [part[i:i + BATCH] for i in range(0, len(part), BATCH)], len(groups))
    return batches


@torch.inference_mode()
def accuracy(model: TextClassifier, samples: list[Sample]) -> float:
    """The part of the texts that it has right."""
    model.eval()
    right = 0
    for start in range(0, len(samples), 256):
        numbers, labels = tensors(samples[start:start + 256])
        right += (model(numbers).argmax(1) == labels).sum().item()
    return right / len(samples)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts")
    arguments = begin(parser, epochs=6)
    with open(arguments.texts, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 1) for line in file]
    classes = sorted({name for name, _ in rows})
    texts = [(WORD.findall(text.lower()), classes.index(name)) for name, text in rows]
    random.shuffle(texts)
    tests, rest = texts[:len(texts) // 10], texts[len(texts) // 10:]
    validation, training = rest[:len(rest) // 10], rest[len(rest) // 10:]
    counts = collections.Counter(word for words, _ in training for word in words)
    known = {word: number + 3 for number, word in enumerate(sorted(word for word in counts if counts[word] > 1))}

    def samples(part) -> list[Sample]:
        return [([known.get(word, 1) for word in words[:WINDOW]], label) for words, label in part]

    training, validation, tests = samples(training), samples(validation), samples(tests)
    model = TextClassifier(len(known) + 3, len(classes))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    begun, best, kept, epoch_kept = time.monotonic(), -1.0, {}, 0
    for epoch in range(arguments.epochs):
        model.train()
        for part in epoch_batches(training):
            numbers, labels = tensors(part)
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(model(numbers), labels).backward()
            optimizer.step()
        judged = accuracy(model, validation)
        if judged > best:
            best, epoch_kept = judged, epoch + 1
            kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(kept)
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()), "epoch": epoch_kept,
                      "validation_accuracy": best, "test_accuracy": accuracy(model, tests),
                      "seconds": time.monotonic() - begun}))


if __name__ == "__main__":
    main()
