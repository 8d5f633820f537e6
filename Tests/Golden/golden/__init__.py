"""The subjects of the golden files, one module each; `make_golden.py` writes them."""
