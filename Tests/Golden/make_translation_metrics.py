#!/usr/bin/env python3
"""Writes Tests/Golden/data/translation_metrics.json: sacrebleu's BLEU and words, for Apus's tests to compare with.

    python3 -m venv .venv-bleu && .venv-bleu/bin/pip install sacrebleu==2.6.0
    .venv-bleu/bin/python Tests/Golden/make_translation_metrics.py

Corpora are made of random words with changes of every kind, and of texts whose marks, numbers and entities the rules of
mteval-v13a cut in all their ways. BLEU has sacrebleu's usual settings: 13a, capital letters kept, smoothing "exp".
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

FILE = Path(__file__).resolve().parent / "data" / "translation_metrics.json"
TEXTS = [
    "Hello, world!", "It's 3.14 or 3,000; not 3 . 14.", "e.g. this... and that..", "a-b 7-8 9-x x-9 - --", "5.", ".5", "1,",
    ",2", "&quot;Tom &amp; Jerry&quot; &lt;tag&gt;", "&amp;quot;", "<skipped>gone", "a<skipped>b", "¿Qué? ¡Sí! «no» “ja” — …",
    "e-mail@x.org/path?q=1&r=2", "100% $5.00 #1 (see [2]) {x} ~y~ `z` ^w^ _v_ |u| \\t", "naïve café 北京 نص", "  spaces \t tabs ",
    "Mr. Smith, Jr., said: no.", "1.2.3,4,5-6", "a..b,,c", "", "...", "6-7-8", "x.y z,w", "line-\nbreak and\nanother",
]


def corpus(generator: random.Random, sentences: int, words: list[str], changes: float) -> tuple[list[str], list[str]]:
    """Translations and references: words left out, put in, replaced or swapped."""
    found, right = [], []
    for _ in range(sentences):
        truth = [generator.choice(words) for _ in range(generator.randint(1, 18))]
        guess = []
        for word in truth:
            kind = generator.random()
            if kind < changes / 3:
                continue
            guess.append(generator.choice(words) if kind < 2 * changes / 3 else word)
            if kind > 1 - changes / 3:
                guess.append(generator.choice(words))
        found.append(" ".join(guess))
        right.append(" ".join(truth))
    return found, right


def main() -> None:
    """Writes the file."""
    generator = random.Random(5)
    words = ["the", "The", "cat", "sat", "on", "mat,", "mat.", "3.5", "dog-house", "it's", "(yes)", "año", "?"]
    corpora = [corpus(generator, count, words, changes) for count, changes in
               [(40, 0.1), (40, 0.4), (30, 0.9), (1, 0.2), (5, 0.0), (12, 0.6)]]
    corpora += [(["a b c d"], ["a b x y z"]), (["one"], ["one"]), (["the the the the the"], ["the cat the"]),
                (["x y z w"], ["p q r s"]), (["a b c d e f g"], ["a b c d e"]), ([""], ["a b"]),
                ([text for text in TEXTS if text], [text.replace("a", "e") for text in TEXTS if text])]
    bleu, tokenizer = BLEU(), Tokenizer13a()
    content = {
        "words": [{"text": text, "words": tokenizer(text).split()} for text in TEXTS],
        "corpora": [
            {"translations": found, "references": right, "bleu": bleu.corpus_score(found, [right]).score}
            for found, right in corpora
        ],
    }
    FILE.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {FILE.name}: {[round(entry['bleu'], 3) for entry in content['corpora']]}")


if __name__ == "__main__":
    main()
