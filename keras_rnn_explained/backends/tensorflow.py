"""How TensorFlow runs the equations: compiled or plainly, and known to its differentiation.

`Program` computes the states by `equations.recurrence` and tells TensorFlow that their gradient is
BPTT as `equations` writes it, not whatever automatic differentiation would make of the loop.
"""

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache, partial
from typing import Any

import keras
import tensorflow as tf
from keras import ops
from tensorflow.python.eager import forwardprop_util
from tensorflow.python.ops import control_flow_util

from keras_rnn_explained import equations, execution, exporting
from keras_rnn_explained.activations import is_of_keras
from keras_rnn_explained.backends.tensorflow_loops import WITHOUT_BPTT, scan
from keras_rnn_explained.execution import (
    HAS_VARIABLES,
    IS_OF_ITS_OWN,
    IS_RANDOM,
    Computation,
    Execution,
    Inputs,
    Tensor,
    activated,
    reads_variables,
    unrolled_scan,
)

# For how many sizes of batch and time a layer is compiled in eager calls; each costs as much as
# some hundred training steps.
MOST_SIZES = 4

# Up to where compiling was measured to pay in 16 bits.
MOST_UNITS_IN_16_BITS = 128

# From where on halving a batch was measured to pay, on two cores.
LEAST_BATCH_TO_HALVE = 8
LEAST_UNITS_TO_HALVE = 64

# If the states take more than this, time is computed in so many segments. More than two were
# measured to save no more memory: XLA takes it from an arena that does not give back.
LEAST_BYTES_TO_SEGMENT = 2**25
SEGMENTS = 2

# What a batch of unknown size is taken for there: what `fit` makes of arrays by default.
USUAL_BATCH = 32

CHANGED_BY_XLA = {
    keras.activations.selu: "has another slope of selu at 0",
    **dict.fromkeys(
        [keras.activations.relu6, keras.activations.hard_sigmoid, keras.activations.hard_tanh],
        "makes a number of NaN with this activation",
    ),
}
"""What XLA makes something else of, and what."""

LOOP_MASKS_WHOLE_STEPS = False
"""See `backends.jax`."""

ERRORS = (tf.errors.OpError,)
"""What TensorFlow raises of shapes that do not fit, besides `ValueError` and `TypeError`."""

TRACED = "a `tf.function`"
"""Where tensors have no numbers."""

# What `copying` finds in a model: what can change, what is put around containers, references to
# what is saved, modules, and functions that may be bound to the model.
VARIABLES = (tf.Variable,)
CONTAINERS = (tf.__internal__.tracking.TrackableDataStructure,)
REFERENCES = (tf.__internal__.tracking.TrackableReference,)
MODULES = ()
COMPILED_FUNCTIONS = (tf.types.experimental.PolymorphicFunction,)


class Executor(execution.Executor):
    """Runs the equations of one layer, compiled where that pays."""

    # A tf.Variable that a custom gradient reads would be an input that is not handed in.
    as_tensor = staticmethod(tf.convert_to_tensor)

    def __init__(
        self, activation: Callable, requested: str, truncate_bptt: int | None, unroll: bool
    ):
        super().__init__(activation, requested, truncate_bptt, unroll)
        # Layers with the same well-known activation share their programs, and so compile once.
        known = equations.derivative_from_state(activation) is not None
        self._programs: dict = _shared_programs if known else {}
        self._obstacle_sought = known
        self._obstacle: Execution | None = None

    def run(self, inputs: Inputs, all_states: bool, way: str) -> tuple[Any, Tensor]:
        if inputs.x.shape[1] is None:
            message = "`sequences` must have at least one time step, but came with no time step."
            inputs = inputs._replace(x=require(tf.shape(inputs.x)[1] > 0, message, inputs.x))
        program = self.program(inputs, all_states, way)
        if way != "compiled":
            return program(inputs)
        run: Callable = program
        if self.truncate_bptt is None and worth_segmenting(inputs):
            run = partial(in_segments, program)
        if worth_halving(inputs) and is_of_keras(self.activation):
            return in_halves(run, inputs)
        return run(inputs)

    def program(self, inputs: Inputs, all_states: bool, way: str) -> "Program":
        """The program for a kind of call, made when first asked for."""
        # One for each size of layer: a program then meets changes of batch and time alone, and
        # TensorFlow need not trace it anew for each. The id, for not every activation can be
        # hashed; the program keeps it from being used again.
        size = tuple(inputs.kernel.shape), inputs.kernel.dtype
        key = id(self.activation), all_states, self.truncate_bptt, way, self.unroll, size
        if key not in self._programs:
            self._programs[key] = Program(
                self.activation, all_states, self.truncate_bptt, way, self.unroll
            )
        return self._programs[key]

    def computation(self, inputs: Inputs) -> Computation:
        return self.program(inputs, all_states=True, way="plain")

    def choose(self, inputs: Inputs, all_states: bool) -> Execution:
        target = None if tf.executing_eagerly() else exporting.target()
        if target is not None and (self.requested, target) != ("compiled", "a SavedModel"):
            return Execution("exported", f"the model is exported to {target}")
        if not self.knows_activation:
            return Execution("autodiff", IS_OF_ITS_OWN)
        if not self._obstacle_sought:
            self._obstacle = obstacle_in(self.activation, inputs.initial_state)
            self._obstacle_sought = True
        if self._obstacle is not None:
            return self._obstacle
        if self.requested != "plain" and not xla_works():
            return Execution("plain", "XLA does not work on this machine")
        if self.requested != "auto":
            return Execution(self.requested, f"the layer has execution={self.requested!r}")
        if not is_of_keras(self.activation):
            return Execution("plain", "XLA may make something else of the activation")
        if self.activation in CHANGED_BY_XLA:
            return Execution("plain", f"XLA {CHANGED_BY_XLA[self.activation]}")
        if inputs.x.shape[1] is None:
            return Execution("plain", "each number of time steps would be compiled anew")
        units = inputs.recurrent_kernel.shape[0]
        if inputs.x.dtype.size == 2 and units > MOST_UNITS_IN_16_BITS and not has_gpu():
            return Execution("plain", "XLA's large matrix products in 16 bits are slow on the CPU")
        if tf.executing_eagerly() and not self.program(inputs, all_states, "compiled").admits(
            *inputs.x.shape[:2]
        ):
            return Execution("plain", f"{MOST_SIZES} other sizes of batch and time are compiled")
        return Execution("compiled", "the number of time steps is known")


class Program(Computation):
    """The equations for one activation, ready to run.

    Args:
        activation: φ, a function of a tensor.
        all_states: Whether all states are asked for, or only the last.
        truncate_bptt: Over how many time steps BPTT goes back; `None` is all.
        way: The `way` of an `Execution`.
        unroll: Whether the plain way repeats the time step in the graph instead of looping.
    """

    def __init__(
        self,
        activation: Callable[[Tensor], Tensor],
        all_states: bool,
        truncate_bptt: int | None,
        way: str,
        unroll: bool = False,
    ):
        loop = WITHOUT_BPTT.get(way, scan)
        if unroll and way != "compiled":
            loop = unrolled_scan
        super().__init__(activation, all_states, truncate_bptt, loop)
        self.way = way
        self.sizes: set[tuple[int, int]] = set()
        self.run_forward: Callable = self.forward
        if way not in WITHOUT_BPTT:
            # Called eagerly, the plain way is a graph too: one for all lengths, and far faster than
            # a loop in Python. Time steps that are written out need one for each length.
            graph = partial(
                as_graph, compiled=way == "compiled", any_size=loop is not unrolled_scan
            )
            self.run_forward, self.run_local_errors = graph(self.forward), graph(self.local_errors)
            self.run_errors = graph(self.run_errors)

    def __call__(self, inputs: Inputs) -> tuple[Tensor | None, Tensor]:
        """The states of all time steps (`None` unless `all_states`), and the last state.

        Gradients of any order flow to the inputs, backwards and forwards.
        """
        given = [name for name, value in inputs._asdict().items() if value is not None]
        optional = {"bias": None, "mask": None, "dropout_mask": None}

        def split(values):
            """Inputs by name, and the upstream gradients that follow them."""
            named = dict(zip(given, values[: len(given)], strict=True))
            return Inputs(**optional | named), values[len(given) :]

        def plain_bptt(*values):
            """BPTT as a plain function of all that it depends on, to be differentiated again."""
            inputs, upstream = split(values)
            plain = self.to_differentiate(inputs.x.shape[1])
            kept, _ = plain.forward(inputs)
            return plain.gradients(plain.local_errors, inputs, kept, upstream)

        @tf.custom_gradient
        def states(*values):
            # The outer tape is to see this function's inputs and outputs, and nothing in between.
            fixed, _ = split([ops.stop_gradient(value) for value in values])
            kept, outputs = self.run_forward(fixed)

            @tf.custom_gradient
            def bptt(*values):
                _, upstream = split([ops.stop_gradient(value) for value in values])
                # Only the loop is compiled: TensorFlow spreads large matrix products over the
                # cores better than XLA, and leaves out the gradients that nobody asks for.
                gradients = self.gradients(self.run_local_errors, fixed, kept, upstream)
                return gradients, partial(vector_jacobian_product, plain_bptt, values)

            def gradient(*upstream):
                # Identities belong to the graph that differentiates, as `values` may not.
                gradients = bptt(*map(tf.identity, (*values, *upstream)))
                return (*gradients, *[None] * (len(values) - len(gradients)))

            return outputs, gradient

        if self.way in WITHOUT_BPTT:
            _, outputs = self.forward(inputs)
        else:
            outputs = states(*(value for value in inputs if value is not None))
        return outputs if self.all_states else (None, outputs)

    def admits(self, batch: int, time: int) -> bool:
        """Whether to compile for a size met eagerly: for the first few, and for them ever after."""
        if len(self.sizes) < MOST_SIZES:
            self.sizes.add((batch, time))
        return (batch, time) in self.sizes

    def to_differentiate(self, time_steps: int | None) -> "Program":
        """The same program with a loop that automatic differentiation can take best."""
        # TensorFlow vectorises (for a Hessian, say) no loop; a long one takes long to write out.
        unroll = time_steps is not None and time_steps <= 32
        return Program(self.activation, self.all_states, self.truncate_bptt, "autodiff", unroll)

    def activation_backward(self, error: Tensor, kept: Tensor) -> Tensor:
        # A function run by Python forgets its shape.
        return tf.ensure_shape(super().activation_backward(error, kept), error.shape)

    def vector_jacobian_product(self, function, arguments, *upstream):
        return vector_jacobian_product(function, arguments, *upstream)


_shared_programs: dict[tuple, Program] = {}


def as_graph(function: Callable, compiled: bool, any_size: bool = False) -> Callable:
    """`function` as a graph of TensorFlow's: compiled by XLA or not, one for all sizes or not."""
    # AutoGraph would find nothing to convert, and takes long to see it.
    graph = tf.function(function, autograph=False, jit_compile=compiled, reduce_retracing=any_size)
    # TensorFlow would count programs of other sizes as this one, traced over and over.
    graph._omit_frequent_tracing_warning = True
    return graph


def worth_halving(inputs: Inputs) -> bool:
    """Whether two halves of the batch, each on one core, are faster than the whole on both.

    A time step's matrix product is too small for XLA to spread over cores, and the next one waits
    for it. Sequences wait for each other nowhere if φ keeps them apart, and TensorFlow runs side by
    side whatever in a graph can be.
    """
    batch, _, _ = inputs.x.shape
    return (
        not tf.executing_eagerly()
        and not control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())
        and (batch is None or batch >= LEAST_BATCH_TO_HALVE)
        and inputs.recurrent_kernel.shape[0] >= LEAST_UNITS_TO_HALVE
        and not has_gpu()
    )


def has_gpu() -> bool:
    """Whether TensorFlow sees one; what was measured for two cores does not hold there."""
    return bool(tf.config.list_physical_devices("GPU"))


def in_halves(program: Callable, inputs: Inputs) -> tuple[Tensor | None, Tensor]:
    """What `program` gives, computed for each half of the batch apart."""
    batch = ops.shape(inputs.x)[0]
    halves = [batch // 2, batch - batch // 2]
    apart = cut(inputs, ("x", "initial_state", "mask", "dropout_mask"), halves, axis=0)
    states, last_states = zip(*map(program, apart), strict=True)
    return None if states[0] is None else tf.concat(states, 0), tf.concat(last_states, 0)


def worth_segmenting(inputs: Inputs) -> bool:
    """Whether the states are so many that memory matters more than the calls of more programs."""
    batch, time, _ = inputs.x.shape
    if time is None:
        return False
    units = inputs.recurrent_kernel.shape[0]
    states = (batch or USUAL_BATCH) * time * units * inputs.x.dtype.size
    return time >= SEGMENTS and states >= LEAST_BYTES_TO_SEGMENT


def in_segments(program: Callable, inputs: Inputs) -> tuple[Tensor | None, Tensor]:
    """What `program` gives, computed for one segment of time after the other.

    Each starts from the last state of the one before, and so BPTT takes its way back through them.
    What else there is one of for each time step, besides the states, is in memory for one segment
    at a time.
    """
    time = inputs.x.shape[1]
    lengths = [time // SEGMENTS + (place < time % SEGMENTS) for place in range(SEGMENTS)]
    all_states, last_state = [], inputs.initial_state
    for segment in cut(inputs, ("x", "mask"), lengths, axis=1):
        states, last_state = program(segment._replace(initial_state=last_state))
        all_states.append(states)
    return None if all_states[0] is None else tf.concat(all_states, 1), last_state


def cut(inputs: Inputs, names: tuple[str, ...], sizes: list, axis: int) -> list[Inputs]:
    """The inputs in pieces of these sizes: those named are cut, the others are the same in all."""
    present = {name: array for name in names if (array := getattr(inputs, name)) is not None}
    pieces = (tf.split(array, sizes, axis) for array in present.values())
    return [
        inputs._replace(**dict(zip(present, piece, strict=True)))
        for piece in zip(*pieces, strict=True)
    ]


def obstacle_in(activation: Callable, state: Tensor) -> Execution | None:
    """The way that an activation unknown to `equations` forces, or `None`."""
    shape, dtype = (1, state.shape[-1]), state.dtype
    activation = partial(activated, activation)
    traced, graphs = tf.function(activation, autograph=False), []

    def trace():
        graphs.append(traced.get_concrete_function(tf.TensorSpec(shape, dtype)).graph)

    try:
        has_variables = reads_variables(trace) or graphs[0].variables
    except Exception:  # whatever a user's function may raise
        return Execution("autodiff", "the activation can't be made a graph")
    if has_variables:
        return Execution("autodiff", HAS_VARIABLES)
    if any(operation.op_def.is_stateful for operation in graphs[0].get_operations()):
        return Execution("autodiff", IS_RANDOM)

    def derivative(state):
        return vector_jacobian_product(activation, (state,), state)

    try:
        with tf.init_scope():
            as_graph(derivative, compiled=True)(tf.zeros(shape, dtype))
    except tf.errors.OpError:
        return Execution("plain", "XLA can't compile the activation")
    return None


@cache
def xla_works() -> bool:
    """Whether XLA compiles at all, tried once. If it does not, a warning says so, once."""
    try:
        with tf.init_scope():
            as_graph(tf.identity, compiled=True)(tf.zeros(()))
    except tf.errors.OpError as error:
        warnings.warn(
            "XLA does not work on this machine, so ExplainedRNN runs its equations on the plain "
            f"way, with the same results but slower: {error.message}",
            stacklevel=2,
        )
        return False
    return True


def computation(activation: Callable, truncate_bptt: int | None) -> Computation:
    """The plain computation of all states, to be looked into."""
    return Program(activation, all_states=True, truncate_bptt=truncate_bptt, way="plain")


def upstream_gradients(run: Callable, choose: Callable) -> tuple[Tensor, dict, dict]:
    """A loss, and what arrives of its gradient at the states of some recorded calls.

    Args:
        run: Runs a model, given `recording`'s `watch`, and returns the loss and the calls.
        choose: Which of the calls to look at, by path.

    Returns:
        The loss, the chosen calls, and by the same paths the gradients of the states and of the
        last state, `None` where there is none.
    """
    with tf.GradientTape() as tape:

        def watch(*outputs):
            tape.watch(outputs)
            return outputs

        value, calls = run(watch)
    chosen = choose(calls)
    outputs = {path: (call.states, call.last_state) for path, call in chosen.items()}
    return value, chosen, tape.gradient(value, outputs)


random_state_kept = nullcontext
"""Keras's random numbers all come from its own variables here."""


def value_and_gradients(loss: Callable, sources: dict) -> tuple[Tensor, Any, dict]:
    """Automatic differentiation, which knows nothing of time steps.

    Args:
        loss: A function of the sources, by name; it returns the loss and something else.
        sources: What to differentiate with respect to, by name.

    Returns:
        The loss, the something else, and the gradients by name, zero where there is none.
    """
    sources = {name: tf.convert_to_tensor(array) for name, array in sources.items()}
    with tf.GradientTape() as tape:
        tape.watch(sources)
        value, other = loss(sources)
    return value, other, tape.gradient(value, sources, unconnected_gradients="zero")


def has_numbers(tensor: Tensor) -> bool:
    """Whether a tensor's numbers are there to be seen."""
    return not tf.is_symbolic_tensor(tensor)


def require(condition: Tensor, message: str, x: Tensor) -> Tensor:
    """`x`, which fails with the message when it runs if the condition does not hold by then."""
    with tf.control_dependencies([tf.debugging.Assert(condition, [message])]):
        return tf.identity(x)


def vector_jacobian_product(function: Callable, arguments: tuple, *upstream: Tensor) -> tuple:
    """Automatic differentiation of `function` at `arguments`, in the direction `upstream`."""
    # TensorFlow's forward mode, where it is on, would keep the tape from recording.
    with forwardprop_util.push_forwardprop_state(), tf.GradientTape() as tape:
        tape.watch(arguments)
        outputs = function(*arguments)
    return tape.gradient(
        outputs,
        arguments,
        output_gradients=list(upstream) if isinstance(outputs, tuple) else upstream[0],
        unconnected_gradients="zero",
    )
