"""How surfaces scatter light and shine, and what fills the space behind them.

May use `values` and `textures`.
"""
