"""How the twins are begun: the options that all have, and what follows from them."""

from __future__ import annotations

import argparse
import random

import torch


def begin(parser: argparse.ArgumentParser, epochs: int) -> argparse.Namespace:
    """Adds the common options, reads the command line, and sets the threads and the seeds."""
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    random.seed(arguments.seed)
    return arguments
