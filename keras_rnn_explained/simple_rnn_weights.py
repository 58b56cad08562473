"""Finds the variables of a `SimpleRNN` in a weights file that `ExplainedRNN` is loading.

Keras files variables under the path of attributes and class names that leads to their layer, and
`SimpleRNN`'s belong to a cell inside it: `layers/simple_rnn_1/cell` where `ExplainedRNN` is looked
for at `layers/explained_rnn_1`, or `layers/bidirectional/forward_layer/cell` in a wrapper.
"""

import re

SIMPLE_RNN = re.compile(r"simple_rnn(_\d+)?")


def variables_for(store, layer_name: str):
    """The store, turned to where the layer's variables are.

    Args:
        store: Keras's store, turned to the path of the layer that is loading.
        layer_name: The layer's name: a `SimpleRNN` saved under it comes before the one whose place
            among the `SimpleRNN`s is the layer's place among the `ExplainedRNN`s.
    """
    path = getattr(store, "_h5_entry_path", None)  # Keras names it nowhere else
    if len(store.keys()) or not path:
        return store
    parent, _, own = path.rpartition("/")
    places = [f"{path}/cell"]
    match = re.fullmatch(r"explained_rnn(_\d+)?", own)
    if match:
        siblings = [name for name in store.h5_file[parent] if SIMPLE_RNN.fullmatch(name)]
        names = {s: store.h5_file[f"{parent}/{s}/vars"].attrs.get("name") for s in siblings}
        named = [sibling for sibling, name in names.items() if name == layer_name]
        places += [f"{parent}/{s}/cell" for s in [*named, f"simple_rnn{match[1] or ''}"]]
    return store.get(next(filter(store.has_path, places), path))
