"""The board: every open order with its countdown, on a desk, on a phone and on the wall."""
