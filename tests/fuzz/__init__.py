"""Random cases of the layer, beside `SimpleRNN`, the float64 loop and automatic differentiation.

`python -m tests.fuzz --cases 100000 --seed 1` runs them on all cores. `strategies` draws cases,
`arms` says which kinds there are, `known_differences` where the two are meant to differ, `rounding`
which differences are of rounding alone, `hunting` runs cases and `reproducing` writes the smallest
one that fails as a program of its own.
"""
