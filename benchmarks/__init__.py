"""`ExplainedRNN` beside what else there is, measured in one run: `python -m benchmarks`.

| module | concept |
|---|---|
| `cases` | what a peer computes: shape, options, and the numbers that go in |
| `reference` | what has to come out, in NumPy and float64 |
| `agreement` | whether it came out |
| `peers` | who computes: one module a framework |
| `worker`, `processes` | a peer in a process of its own, and the parent's end of it |
| `memory` | how much memory a call needs at its peak |
| `experiments` | what is measured |
| `measuring` | how: in turns, or each time in a fresh process |
| `results` | what was measured |
| `goals` | what was to be reached |
| `machine` | what it ran on |
| `report`, `growth` | the table and the drawing |
"""
