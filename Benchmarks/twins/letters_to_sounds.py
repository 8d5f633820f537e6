#!/usr/bin/env python3
"""Twin of `apus train seq2seq --data cmudict`: an LSTM encoder-decoder with multiplicative attention in PyTorch.

    .venv-peers/bin/python Benchmarks/twins/letters_to_sounds.py [--epochs 8] [--threads 1] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

FILE = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"
PAD, UNKNOWN, START, END = range(4)
Pair = tuple[list[int], list[int]]


class Translator(nn.Module):
    """Both directions of the source, half of the units each; Luong's "general" attention after the decoder's step."""

    def __init__(self, sources: int, targets: int, units: int, embedding: int, dropout: float) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(sources, embedding), nn.Embedding(targets, embedding)
        for table in (self.source, self.target):
            nn.init.normal_(table.weight, std=0.1)
        self.encoder = nn.LSTM(embedding, units // 2, bidirectional=True, batch_first=True)
        self.decoder = nn.LSTM(embedding, units, batch_first=True)
        self.key = nn.Linear(units, units, bias=False)
        self.readout, self.output = nn.Linear(2 * units, units), nn.Linear(units, targets)
        self.dropout = nn.Dropout(dropout)

    def encoded(self, source: torch.Tensor):
        """The memory [N, S, units], its keys and mask, and the states the decoder begins with."""
        mask = source != PAD
        vectors = self.dropout(self.source(source))
        packed = pack_padded_sequence(vectors, mask.sum(1), batch_first=True, enforce_sorted=False)
        outputs, last = self.encoder(packed)
        memory, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
        states = tuple(torch.cat([state[0::2], state[1::2]], dim=2) for state in last)
        return (memory, self.key(memory), mask), states

    def decoded(self, given: torch.Tensor, source, states):
        """The logits after each given symbol, and the states after the last."""
        memory, keys, mask = source
        rows, states = self.decoder(self.dropout(self.target(given)), states)
        scores = (rows @ keys.transpose(1, 2)).masked_fill(~mask[:, None], -1e9)
        contexts = torch.softmax(scores, dim=2) @ memory
        return self.output(self.dropout(torch.tanh(self.readout(torch.cat([rows, contexts], dim=2))))), states


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


def batch(pairs: list[Pair]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Sources, what the decoder is given, and what it is to say, padded to the longest rounded up to fours."""
    width = -(-max(max(len(source), len(target) + 1) for source, target in pairs) // 4) * 4

    def padded(rows: list[list[int]]) -> torch.Tensor:
        return torch.tensor([row + [PAD] * (width - len(row)) for row in rows])

    return (padded([source for source, _ in pairs]), padded([[START, *target] for _, target in pairs]),
            padded([[*target, END] for _, target in pairs]))


def epoch_batches(pairs: list[Pair], size: int) -> list[list[Pair]]:
    """Random batches of similar lengths: parts of 32 batches are sorted."""
    order = random.sample(pairs, len(pairs))
    batches = []
    for start in range(0, len(order), 32 * size):
        part = sorted(order[start:start + 32 * size], key=lambda pair: max(len(pair[0]), len(pair[1]) + 1))
        batches += random.sample(groups := [part[i:i + size] for i in range(0, len(part), size)], len(groups))
    return batches


def distance(a: list[int], b: list[int]) -> int:
    """Levenshtein's."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        diagonal, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            diagonal, row[j + 1] = row[j + 1], diagonal if x == y else min(diagonal, row[j + 1], row[j]) + 1
    return row[-1]


@torch.inference_mode()
def loss_of(model: Translator, pairs: list[Pair]) -> float:
    """The mean over the symbols."""
    model.eval()
    total = count = 0.0
    for start in range(0, len(pairs), 256):
        source, given, wanted = batch(pairs[start:start + 256])
        logits, _ = model.decoded(given, *model.encoded(source))
        total += cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=PAD, reduction="sum").item()
        count += (wanted != PAD).sum().item()
    return total / count


@torch.inference_mode()
def error_rates(model: Translator, pairs: list[Pair]) -> tuple[float, float]:
    """Phoneme and word error of the greedy search."""
    model.eval()
    pairs = sorted(pairs, key=lambda pair: len(pair[0]))
    edits = sounds = wrong = 0
    for start in range(0, len(pairs), 64):
        part = pairs[start:start + 64]
        source, states = model.encoded(batch(part)[0])
        last = torch.full((len(part), 1), START)
        found = [[] for _ in part]
        ended = [False] * len(part)
        for _ in range(58):
            logits, states = model.decoded(last, source, states)
            logits[:, 0, [PAD, UNKNOWN, START]] = -math.inf
            last = logits.argmax(dim=2)
            for row, number in enumerate(last[:, 0].tolist()):
                ended[row] = ended[row] or number == END
                if not ended[row]:
                    found[row].append(number)
            if all(ended):
                break
        for guess, (_, truth) in zip(found, part, strict=True):
            edits += distance(guess, truth)
            sounds += len(truth)
            wrong += guess != truth
    return edits / sounds, wrong / len(pairs)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    random.seed(arguments.seed)
    pairs, letters, sounds = read()
    random.shuffle(pairs)
    tests, rest = pairs[:len(pairs) // 10], pairs[len(pairs) // 10:]
    validation, training = rest[:len(rest) // 20], rest[len(rest) // 20:]
    model = Translator(letters, sounds, 256, 64, 0.2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    begun, best, kept = time.monotonic(), math.inf, {}
    for epoch in range(arguments.epochs):
        rate = 0.003 * (1 + math.cos(math.pi * epoch / arguments.epochs)) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate
        model.train()
        start, total = time.monotonic(), 0.0
        batches = epoch_batches(training, 128)
        for part in batches:
            source, given, wanted = batch(part)
            logits, _ = model.decoded(given, *model.encoded(source))
            loss = cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=PAD)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1)
            optimizer.step()
            total += loss.item()
        seconds, judged = time.monotonic() - start, loss_of(model, validation)
        if judged < best:
            best, kept = judged, {name: value.clone() for name, value in model.state_dict().items()}
        print(json.dumps({"epoch": epoch + 1, "loss": total / len(batches), "validation_loss": judged,
                          "samples_per_second": len(training) / seconds}), flush=True)
    model.load_state_dict(kept)
    phonemes, words = error_rates(model, tests)
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()), "test": len(tests),
                      "test_loss": loss_of(model, tests), "phoneme_error": phonemes, "word_error": words,
                      "seconds": time.monotonic() - begun}))


if __name__ == "__main__":
    main()
