"""An LSTM encoder-decoder in PyTorch, with multiplicative attention or without, and how it is trained: for both twins of
`apus train seq2seq`."""

from __future__ import annotations

import json
import math
import random
import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PAD, UNKNOWN, START, END = range(4)
Pair = tuple[list[int], list[int]]


class Translator(nn.Module):
    """Both directions of the source, half of the units each; Luong's "general" attention after the decoder's step."""

    def __init__(self, sources: int, targets: int, units: int, embedding: int, dropout: float, attends: bool = True) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(sources, embedding), nn.Embedding(targets, embedding)
        for table in (self.source, self.target):
            nn.init.normal_(table.weight, std=0.1)
        self.encoder = nn.LSTM(embedding, units // 2, bidirectional=True, batch_first=True)
        self.decoder = nn.LSTM(embedding, units, batch_first=True)
        self.key = nn.Linear(units, units, bias=False) if attends else None
        self.readout = nn.Linear(2 * units, units) if attends else None
        self.output, self.dropout = nn.Linear(units, targets), nn.Dropout(dropout)

    def encoded(self, source: torch.Tensor):
        """The memory [N, S, units], its keys and mask, and the states the decoder begins with."""
        mask = source != PAD
        vectors = self.dropout(self.source(source))
        packed = pack_padded_sequence(vectors, mask.sum(1), batch_first=True, enforce_sorted=False)
        outputs, last = self.encoder(packed)
        memory, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
        states = tuple(torch.cat([state[0::2], state[1::2]], dim=2) for state in last)
        return (memory, self.key(memory) if self.key else memory, mask), states

    def decoded(self, given: torch.Tensor, source, states):
        """The logits after each given symbol, and the states after the last."""
        memory, keys, mask = source
        rows, states = self.decoder(self.dropout(self.target(given)), states)
        if self.readout:
            scores = (rows @ keys.transpose(1, 2)).masked_fill(~mask[:, None], -1e9)
            contexts = torch.softmax(scores, dim=2) @ memory
            rows = torch.tanh(self.readout(torch.cat([rows, contexts], dim=2)))
        return self.output(self.dropout(rows)), states


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
def translations(model: Translator, pairs: list[Pair], longest: int) -> list[tuple[list[int], list[int]]]:
    """What the greedy search finds for each pair, beside its target."""
    model.eval()
    pairs = sorted(pairs, key=lambda pair: len(pair[0]))
    found = []
    for start in range(0, len(pairs), 64):
        part = pairs[start:start + 64]
        source, states = model.encoded(batch(part)[0])
        last = torch.full((len(part), 1), START)
        rows = [[] for _ in part]
        ended = [False] * len(part)
        for _ in range(longest):
            logits, states = model.decoded(last, source, states)
            logits[:, 0, [PAD, UNKNOWN, START]] = -math.inf
            last = logits.argmax(dim=2)
            for row, number in enumerate(last[:, 0].tolist()):
                ended[row] = ended[row] or number == END
                if not ended[row]:
                    rows[row].append(number)
            if all(ended):
                break
        found += [(row, target) for row, (_, target) in zip(rows, part, strict=True)]
    return found


def train(model: Translator, training: list[Pair], validation: list[Pair], epochs: int, size: int, highest: float) -> float:
    """Adam with a cosine from batch to batch; keeps the weights of the epoch with the lowest validation loss.

    Returns the seconds it took.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=highest)
    begun, best, kept = time.monotonic(), math.inf, {}
    for epoch in range(epochs):
        model.train()
        start, total = time.monotonic(), 0.0
        batches = epoch_batches(training, size)
        for index, part in enumerate(batches):
            for group in optimizer.param_groups:
                group["lr"] = highest * (1 + math.cos(math.pi * (epoch + index / len(batches)) / epochs)) / 2
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
    return time.monotonic() - begun
