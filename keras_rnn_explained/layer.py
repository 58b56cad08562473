"""`ExplainedRNN`, the layer."""

from collections.abc import Callable
from typing import Any

import keras
from keras import activations, constraints, initializers, ops, regularizers, tree

from keras_rnn_explained import backends, exporting, simple_rnn_weights, validation
from keras_rnn_explained.execution import Execution, Inputs
from keras_rnn_explained.recording import Call, is_recording, note

Tensor = Any  # of whichever backend Keras runs on

SEED_STATE = "seed_generator_state"
"""Under which name the state of a layer's random numbers stands beside its weights."""


@keras.saving.register_keras_serializable(package="keras_rnn_explained")
class ExplainedRNN(keras.layers.Layer):
    """A simple recurrent layer in which nothing is hidden: a drop-in for `keras.layers.SimpleRNN`.

    From the input x_t, `(batch, features)`, and its own previous state a_{t−1}, `(batch, units)`,
    the layer computes at each time step t = 1 … T

        â_t = x_t·kernel + a_{t−1}·recurrent_kernel + bias
        a_t = activation(â_t)

    and returns a_T, or all a_t. That is all: one layer with one set of parameters, used at every
    time step. `units` is the size of a_t and has nothing to do with the number of time steps T.

    | parameter | symbol | shape | count |
    |---|---|---|---|
    | `kernel` | W_ax | (features, units) | features·units |
    | `recurrent_kernel` | W_aa | (units, units) | units² |
    | `bias` | b_a | (units,) | units |

    Its gradient is not left to automatic differentiation: it is back-propagation through time as
    written in `keras_rnn_explained.equations`, so what you can read there is what trains here.

    Weights, outputs, gradients, masks, dropout (for the same `seed`) and states are those of
    `SimpleRNN`. Beyond it, `seed` is part of the configuration, `activity_regularizer` is applied
    (`SimpleRNN` ignores it), and there are `truncate_bptt` and `execution`.

    Args:
        units: Size of the hidden state, and so of the output. A positive integer.
        activation: φ, a name or a function of a tensor; `None` is the identity.
        use_bias: Whether there is a bias.
        kernel_initializer: Initializer of `kernel`.
        recurrent_initializer: Initializer of `recurrent_kernel`. The default, orthogonal, keeps the
            length of a state, and of the gradient that passes back through it.
        bias_initializer: Initializer of `bias`.
        kernel_regularizer: Regularizer of `kernel`.
        recurrent_regularizer: Regularizer of `recurrent_kernel`.
        bias_regularizer: Regularizer of `bias`.
        activity_regularizer: Regularizer of what the layer returns.
        kernel_constraint: Constraint of `kernel`.
        recurrent_constraint: Constraint of `recurrent_kernel`.
        bias_constraint: Constraint of `bias`.
        dropout: Fraction of the features to drop in training, the same ones at all time steps.
        recurrent_dropout: Fraction of the units of a_{t−1} to drop in training before the recurrent
            kernel, the same ones at all time steps.
        return_sequences: Whether to return all states, `(batch, time, units)`, or the last one,
            `(batch, units)`.
        return_state: Whether to return the last state, `(batch, units)`, besides the output.
        go_backwards: Whether to start at the last time step; the outputs then are in that order.
        stateful: Whether a call starts from the last state of the call before. The batch size must
            be fixed; see `reset_state`.
        unroll: Whether the plain way of execution writes the time steps out instead of looping.
            Their number must be known.
        zero_output_for_mask: Whether the output of a masked time step is 0 instead of the output
            before it.
        truncate_bptt: k, the number of time steps over which a loss is taken back; `None` is all of
            them. The loss at time step s sees a_{s−k} as a constant. With g_s the gradient that
            arrives from outside at a_s,

                ∂L/∂â_t = Σ_{s=t}^{min(t+k−1, T)} g_s · ∂a_s/∂â_t

            and every gradient is made of these as in `equations`. So k = 1 cuts every recurrent
            connection, k ≥ T + 1 is the same as `None`, and at k = T only ∂L/∂a_0 differs from it.
            This is BPTT(h) with h = k of Williams and Peng (1990), for a loss at any step. Not for
            an activation that has variables of its own, is random or can't be made a graph; one
            that is not Keras's own has to be a function of its argument alone.
        execution: How to run the equations: `"compiled"` (where XLA can), `"plain"`, or `"auto"` to
            choose for each call. The attribute `execution` says what the last call did and why. An
            activation that is not Keras's own is left to automatic differentiation by `"auto"`; the
            others run it once more for BPTT, so it has to be a function of its argument alone.
        seed: Seed of the dropout masks.
        **kwargs: `name`, `dtype` and `trainable` of a `keras.layers.Layer`.

    Attributes:
        kernel: W_ax as a `keras.Variable`, `(features, units)`.
        recurrent_kernel: W_aa as a `keras.Variable`, `(units, units)`.
        bias: b_a as a `keras.Variable`, `(units,)`, or `None`.
        states: A list of the one state variable, `(batch, units)`, if `stateful`; else `None`.

    **Call arguments**

    - `sequences`: `(batch, time, features)`.
    - `initial_state`: a_0, `(batch, units)` or a list of it; zeros by default.
    - `mask`: Boolean, `(batch, time)`: where it is `False`, the state stays as it is.
    - `training`: Whether dropout is active.

    Raises:
        ValueError: If an argument or the shape of an input is not as described above.
        TypeError: If `units`, `truncate_bptt` or a rate is no number, or what is called on is no
            array of numbers.

    Examples:
        >>> import numpy as np
        >>> layer = ExplainedRNN(4, return_sequences=True)
        >>> layer(np.zeros((32, 10, 8), "float32")).shape
        TensorShape([32, 10, 4])
        >>> {weight.name: tuple(weight.shape) for weight in layer.weights}
        {'kernel': (8, 4), 'recurrent_kernel': (4, 4), 'bias': (4,)}

    Sources: J. L. Elman, "Finding Structure in Time", Cognitive Science 14 (1990); R. J. Williams
    and J. Peng, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network
    Trajectories", Neural Computation 2 (1990).
    """

    def __init__(
        self,
        units: int,
        activation: str | Callable | None = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        zero_output_for_mask: bool = False,
        truncate_bptt: int | None = None,
        execution: str = "auto",
        **kwargs: Any,
    ):
        backend = backends.current()
        units = validation.positive_integer("units", units)
        if truncate_bptt is not None:
            truncate_bptt = validation.positive_integer("truncate_bptt", truncate_bptt)
        validation.way(execution)
        dropout = validation.fraction("dropout", dropout)
        recurrent_dropout = validation.fraction("recurrent_dropout", recurrent_dropout)
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        validation.floating(self.compute_dtype)

        # Before the initializers: both draw from Keras's global seed, in SimpleRNN's order.
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout

        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.truncate_bptt = truncate_bptt

        self.supports_masking = True
        # There is no `input_spec`, for `validation` says more of what is wrong.
        self.states = None
        self._requested_execution = execution
        self._executor = backend.Executor(self.activation, execution, truncate_bptt, unroll)

    def __setattr__(self, name, value):
        if name in validation.SETTLED and hasattr(self, name):
            validation.refuse_to_set(name, self.name)
        super().__setattr__(name, value)

    @property
    def execution(self) -> Execution | None:
        """How the last call ran and why; `None` before the first.

        A call inside a `tf.function`, as in `fit`, counts when the function is traced, not each
        time that its graph runs.
        """
        return self._executor.execution

    def build(self, sequences_shape, initial_state_shape=None):
        self._check(sequences_shape)
        if self.built:
            self.reset_state()
            return
        if self.stateful and sequences_shape[0] is None:
            raise ValueError(
                "With `stateful=True` the batch size must be known, got `sequences` of shape "
                f"{sequences_shape}. Give it, as in `keras.Input(batch_shape=(32, None, 8))`."
            )
        features = sequences_shape[-1]
        self.kernel = self.add_weight(
            shape=(features, self.units),
            name="kernel",
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.units),
            name="recurrent_kernel",
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units,),
                name="bias",
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        if isinstance(self.activation, keras.layers.Layer) and not self.activation.built:
            self.activation.build((sequences_shape[0], self.units))
        if self.stateful:
            state = keras.Variable(
                self.get_initial_state(sequences_shape[0])[0],
                trainable=False,
                dtype=self.variable_dtype,
                name="rnn_state",
            )
            # Past Keras's tracking: like SimpleRNN's, the state is not one of the layer's weights.
            object.__setattr__(self, "states", [state])

    def __call__(self, *args, **kwargs):
        given = dict(zip(("sequences", "initial_state", "mask"), args, strict=False)) | kwargs
        # Before Keras, which would take the numbers of another backend's tensor alone.
        for name, value in given.items():
            validation.of_this_backend(name, value)
        if "sequences" in given:
            validation.sequences(given["sequences"])
        for name in ("initial_state", "mask"):
            validation.numbers(name, given.get(name))
        # Nor would it know lists of numbers from a list of masks.
        if isinstance(kwargs.get("mask"), list):
            kwargs["mask"] = ops.cast(kwargs["mask"], "bool")
        return super().__call__(*args, **kwargs)

    def call(self, sequences, initial_state=None, mask=None, training=False):
        self._check(sequences.shape)
        if self.unroll and sequences.shape[1] is None:
            raise ValueError(
                "`unroll=True` needs a known number of time steps, got `sequences` of shape "
                f"{tuple(sequences.shape)}. Give it, as in `keras.Input((100, 8))`, or leave "
                "`unroll` out: it changes no number."
            )
        sequences = ops.cast(sequences, self.compute_dtype)
        if self.stateful and sequences.shape[0] is None:
            same = ops.shape(sequences)[0] == self.states[0].shape[0]
            sequences = backends.current().require(same, f"{self._fixed_batch()}.", sequences)
        a_0 = self._initial_state(sequences, initial_state)
        mask = self._mask(sequences, mask)
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        # For one state that serves the whole batch SimpleRNN draws one mask.
        input_mask, recurrent_mask = self._dropout_masks(sequences, a_0, training)
        a_0, recurrent_mask = (self._for_each(sequences, one) for one in (a_0, recurrent_mask))
        dropped = sequences if input_mask is None else sequences * input_mask[:, None]
        # Keras casts weights by itself, but not where `TimeDistributed` calls this method past it.
        weights = (
            None if weight is None else ops.cast(weight, self.compute_dtype)
            for weight in (self.kernel, self.recurrent_kernel, self.bias)
        )
        inputs = Inputs(dropped, *weights, a_0, mask, recurrent_mask)

        if is_recording():
            states, last_state = self._executor.look(inputs, self.return_sequences, training)
            call = Call(self, sequences, input_mask, inputs, states, last_state)
            states, last_state = note(call)
        else:
            states, last_state = self._executor(inputs, self.return_sequences, training)

        output = states if self.return_sequences else last_state
        if mask is not None:
            output = ops.where(self._has_output(mask), output, 0)
        if self.stateful:
            exporting.refuse_state(self.name)
            self.states[0].assign(last_state)
        return (output, last_state) if self.return_state else output

    def _check(self, sequences_shape):
        features = self.kernel.shape[0] if self.built else None
        validation.sequences_shape(tuple(sequences_shape), self.name, features)

    def _initial_state(self, sequences, initial_state):
        """a_0, `(batch, units)`, or `(1, units)` or `(units,)` for the whole batch."""
        batch = sequences.shape[0]
        if self.stateful and batch not in (None, self.states[0].shape[0]):
            raise ValueError(f"{self._fixed_batch()}, got {batch}.")
        if initial_state is None:
            initial_state = (
                # A copy: on torch the variable changes in place while BPTT still needs its value.
                ops.copy(self.states[0].value)
                if self.stateful
                else self.get_initial_state(ops.shape(sequences)[0])
            )
        state = ops.cast(_only_state(initial_state), self.compute_dtype)
        validation.initial_state_shape(tuple(state.shape), batch, self.units)
        return state

    def _for_each(self, sequences, of_units):
        """A state or its dropout mask as `(batch, units)`, where one may serve the whole batch."""
        if of_units is None:
            return None
        batch = sequences.shape[0]
        if len(of_units.shape) == 1 or (of_units.shape[0] == 1 and batch != 1):
            return ops.broadcast_to(of_units, (ops.shape(sequences)[0], self.units))
        return of_units

    def _fixed_batch(self):
        size = self.states[0].shape[0]
        return f"With `stateful=True` each call must have the batch size of the first, {size}"

    def _mask(self, sequences, mask):
        """The mask as a boolean, `(batch, time, 1)`, or `None`."""
        if mask is None:
            return None
        mask = ops.cast(mask, "bool")
        validation.mask_shape(tuple(mask.shape), *sequences.shape[:2], self.units)
        mask = mask if len(mask.shape) == 3 else mask[..., None]
        if self._masks_whole_steps():
            mask = ops.any(mask, axis=-1, keepdims=True)
        if mask.shape[0] == 1 and sequences.shape[0] != 1:
            mask = ops.broadcast_to(mask, (ops.shape(sequences)[0], *ops.shape(mask)[1:]))
        return mask

    def _masks_whole_steps(self):
        return backends.current().LOOP_MASKS_WHOLE_STEPS and not self.unroll

    def _dropout_masks(self, sequences, state, training):
        """What to multiply x_t and a_{t−1} by, or `None` each; drawn once for all time steps."""
        masks = []
        for rate, dropped in ((self.dropout, sequences[:, 0]), (self.recurrent_dropout, state)):
            masks.append(None)
            if rate > 0 and training:
                ones = ops.ones_like(dropped)
                masks[-1] = keras.random.dropout(ones, rate, seed=self.seed_generator)
            elif 0 < rate < 1:
                # SimpleRNN draws at inference too: the masks of later training steps depend on it.
                # For a rate of 1 Keras never draws.
                self.seed_generator.next()
        return masks

    def _has_output(self, mask):
        """Where the output is a state and not 0: `(batch, time, 1)`, or `(batch, 1)` for the last.

        A masked time step repeats the output before it, and before the first there is 0, whatever
        the initial state.
        """
        if self.zero_output_for_mask:
            return mask if self.return_sequences else mask[:, -1]
        if self._masks_whole_steps():
            return ops.ones_like(mask if self.return_sequences else mask[:, -1])
        if self.return_sequences:
            return ops.cumsum(ops.cast(mask, "int32"), axis=1) > 0
        return ops.any(mask, axis=1)

    def get_initial_state(self, batch_size: int | None = None) -> list[Tensor]:
        """The state before the first time step where none is given: a list of one array of zeros.

        Args:
            batch_size: Number of sequences.

        Raises:
            TypeError: If it is no integer.
            ValueError: If it is negative.
        """
        validation.batch_size(batch_size)
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype)]

    def reset_state(self) -> None:
        """Sets the state of a `stateful` layer to zeros; the next call starts anew."""
        if self.states is not None:
            self.states[0].assign(ops.zeros_like(self.states[0].value))

    def reset_states(self) -> None:
        """The older name of `reset_state`, which `SimpleRNN` has too."""
        self.reset_state()

    @property
    def state_size(self) -> list[int]:
        """Sizes of the states: a list of `units` alone."""
        return [self.units]

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        self._check(sequences_shape)
        batch, time, _ = sequences_shape
        if initial_state_shape is not None:
            shape = initial_state_shape
            shape = shape if _is_shape(shape) else _only_state(shape)
            validation.initial_state_shape(tuple(shape), batch, self.units)
        state_shape = (batch, self.units)
        output_shape = (batch, time, self.units) if self.return_sequences else state_shape
        return (output_shape, state_shape) if self.return_state else output_shape

    def compute_mask(self, sequences, mask=None):
        # A mask may have come per input, as [mask of sequences, mask of initial_state].
        output_mask = tree.flatten(mask)[0] if self.return_sequences else None
        return [output_mask, None] if self.return_state else output_mask

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": initializers.serialize(self.recurrent_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "recurrent_regularizer": regularizers.serialize(self.recurrent_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "recurrent_constraint": constraints.serialize(self.recurrent_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "seed": self.seed,
            "zero_output_for_mask": self.zero_output_for_mask,
            "truncate_bptt": self.truncate_bptt,
            "execution": self._requested_execution,
        }

    def save_own_variables(self, store):
        super().save_own_variables(store)
        if self.dropout or self.recurrent_dropout:
            # Keras leaves it out, but a training that goes on is to draw the masks it would have.
            store[SEED_STATE] = self.seed_generator.state

    def load_own_variables(self, store):
        found = simple_rnn_weights.variables_for(store, self.name)
        variables = {name: found[name] for name in found.keys()}  # noqa: SIM118  (it is no dict)
        seed_state = variables.pop(SEED_STATE, None)
        super().load_own_variables(variables)
        if seed_state is not None:
            self.seed_generator.state.assign(seed_state)

    def _lookup_dependency(self, name, *args):
        """For a checkpoint of TensorFlow: `SimpleRNN` has on its cell what is here on the layer."""
        return self if name == "cell" else super()._lookup_dependency(name, *args)


def _only_state(states):
    """The one state of a list, or the state that is no list."""
    if not isinstance(states, (list, tuple)):
        return states
    if len(states) != 1:
        raise ValueError(
            f"`initial_state` must be one state of shape (batch, units) or a list of one, got "
            f"{len(states)}: a simple RNN has no other state."
        )
    return states[0]


def _is_shape(shape):
    return all(size is None or isinstance(size, int) for size in shape)
