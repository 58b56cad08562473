"""What the float64 loop gives for a case of calls, by the names that `calls` has for it."""

import numpy as np

from tests.fuzz.calls import upstream
from tests.reference import ACTIVATIONS, bptt, forward


def loop_can(case):
    """Whether the loop says anything of a case."""
    options = case["options"]
    return (
        options.get("activation", "tanh") in (*ACTIVATIONS, None)
        and options.get("dtype") in (None, "float32", "float64")
        and not case.get("mistake")
        # What is drawn where sizes are not known has no numbers outside of the graph.
        and not (case.get("unknown sizes") and {"dropout", "recurrent_dropout"} & options.keys())
        and all(map(one_can, case["calls"]))
        and all(np.all(abs(weight) < 100) for weight in case["weights"])
    )


def one_can(call):
    mask = np.asarray(call.get("mask", True))
    numbers = [*call["x"], call.get("initial_state", 0)]
    return (mask.ndim < 3 or mask.shape[2] == 1) and all(
        np.all(abs(array) < 100) for array in map(np.asarray, numbers)
    )


def loop(case, masks):
    """Outputs, states and, where no regularizer adds to them, gradients, by name.

    `masks` are those that dropout drew, in the order of drawing.
    """
    options, results, kept, masks = case["options"], {}, None, iter(masks)

    def dropped(name, call, shape):
        rate = options.get(name, 0) if call.get("training") else 0
        mask = 1 if rate <= 0 else 0 if rate >= 1 else next(masks)
        return np.broadcast_to(np.asarray(mask, "float64"), shape)

    kernel, recurrent_kernel, *bias = case["weights"]
    bias = bias[0] if bias else None
    units = len(recurrent_kernel)
    activation = options.get("activation", "tanh") or "linear"
    regularized = any(name.endswith("regularizer") for name in options)
    order = slice(None, None, -1 if options.get("go_backwards") else 1)
    trainable = True
    for number, call in enumerate(case["calls"]):
        before = call.get("before")
        kept = None if before in ("reset", "remake") else kept
        trainable = {"freeze": False, "thaw": True}.get(before, trainable)
        gradients = {}
        for place, x in enumerate(call["x"]):
            batch, time, _ = x.shape
            given = call.get("initial_state")
            first = given if given is not None else 0 if kept is None else kept
            first = np.broadcast_to(np.asarray(first, "float64"), (batch, units))
            mask = call.get("mask")
            if mask is not None:
                mask = np.asarray(mask, bool).reshape(-1, time)
                mask = np.broadcast_to(mask, (batch, time))[:, order]
            of_input = dropped("dropout", call, x[:, 0].shape)[:, None]
            of_states_before = dropped("recurrent_dropout", call, (batch, units))
            x = x.astype("float64")[:, order] * of_input
            arguments = x, kernel, recurrent_kernel, bias, first, activation
            given_to_both = {"mask": mask, "dropout": of_states_before}
            _, states = forward(*arguments, **given_to_both)
            last = kept = states[:, -1]
            seen = np.ones((batch, time), bool) if mask is None else mask
            if not options.get("zero_output_for_mask"):
                seen = np.cumsum(seen, axis=1) > 0
            outputs, of_states = states * seen[..., None], np.zeros_like(states)
            if options.get("return_sequences"):
                of_states += upstream(f"output {place}", states.shape) * seen[..., None]
            else:
                outputs = outputs[:, -1]
                of_states[:, -1] += upstream(f"output {place}", last.shape) * seen[:, -1:]
            results[f"output {place} of call {number}"] = outputs
            if options.get("return_state"):
                of_states[:, -1] += upstream(f"state {place}", last.shape)
                results[f"state {place} of call {number}"] = last
            truncate = case.get("ours", {}).get("truncate_bptt")
            parts = bptt(*arguments, of_states, **given_to_both, truncate=truncate)
            parts[f"x {place}"] = parts.pop("x")[:, order] * of_input
            of_first = parts.pop("initial_state")
            if given is not None:
                by_rank = of_first.sum(0) if np.ndim(given) == 1 else of_first
                one_for_all = np.ndim(given) == 2 and len(given) == 1 != batch
                parts["initial state"] = by_rank.sum(0, keepdims=True) if one_for_all else by_rank
            if bias is None:
                del parts["bias"]
            if not trainable:
                parts = {name: parts[name] for name in parts if name[0] == "x" or " " in name}
            gradients = {name: part + gradients.get(name, 0) for name, part in parts.items()} | {
                name: part for name, part in gradients.items() if name not in parts
            }
            if options.get("stateful"):
                results[f"kept state of call {number}"] = kept
            else:
                kept = None
        if not regularized:
            results |= {f"gradient of {k} of call {number}": v for k, v in gradients.items()}
    return results
