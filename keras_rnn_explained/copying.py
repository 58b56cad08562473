"""A copy of a Keras model, in which layers may be replaced by others on the way.

Keras copies a model by its configuration, which holds only what can be written to a file: functions
have to be registered, subclassed models have to say how they are made, and what training has
changed since then is lost. Here the objects themselves are copied, one by one and each once, so
that whatever was one object before is one object after.
"""

import copy
import dis
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import keras
import numpy as np
from keras import tree

from keras_rnn_explained import backends

# Keras keeps what it has compiled here; it holds on to the model that it was compiled from.
COMPILED = ("train_function", "test_function", "predict_function")

# Where TensorFlow notes what to save with an object; some of the above is among it.
NOTED = ("_self_unconditional_checkpoint_dependencies", "_self_unconditional_dependency_names")

# Whose classes hold nothing of a user's, and whose functions read no global of a user's.
LIBRARIES = ("builtins", "keras", "numpy", "tensorflow", "jax", "jaxlib", "torch")


class Copy:
    """Copies a model or layer, with everything in it that can change.

    Layers, variables, metrics, optimizers and other objects of Keras are copied, and containers,
    functions and objects that hold them. Everything else is shared: what no training changes.

    Args:
        replace: Is given each layer and each dict, and this copy; it returns what is to take its
            place, or `None` to have it copied. See `take`.
    """

    def __init__(self, replace: Callable[[Any, "Copy"], Any]):
        self._replace = replace
        self._new: dict[int, Any] = {}
        self._old: list[Any] = []  # keeps them alive, and so their ids theirs
        self._holding_ids: list[Any] = []
        self._path: list[str] = []  # of the layer that is being copied
        self._functions: dict[Any, None] = {}  # a set, in the order in which they were found

    def of(self, model: Any) -> Any:
        """The whole copy of a model or layer.

        Raises:
            ValueError: If something in it can't be copied.
        """
        copied = self(model)
        self._refuse_globals(model)
        self._renew_ids()
        return copied

    def take(self, old: Any, new: Any) -> Any:
        """Has `new` stand for `old` from now on, and returns it."""
        self._old.append(old)
        self._new[id(old)] = new
        return new

    def __call__(self, value: Any) -> Any:
        """The counterpart of a value: its copy, or the value itself where it can be shared."""
        if id(value) in self._new:
            return self._new[id(value)]
        self._functions.update(dict.fromkeys(_functions_of(value)))
        if isinstance(value, (keras.layers.Layer, dict)):
            replacement = self._replace(value, self)
            if replacement is not None:
                return self.take(value, replacement)
        copier = self._copier(value)
        return value if copier is None else copier(value)

    def _copier(self, value):
        if isinstance(value, keras.layers.InputLayer):
            return self._input_layer
        if isinstance(value, keras.Function) and isinstance(value, keras.Model):
            return self._functional
        backend = backends.current()
        if isinstance(value, backend.CONTAINERS):
            return self._tensorflow_container
        if _is_of_keras(type(value)):
            if isinstance(value, (list, dict, set)):
                return self._container
            return self.attributes_of
        kinds: dict[Any, Any] = {
            (list, dict, set): self._container,
            tuple: self._tuple,
            types.FunctionType: self._function,
            types.MethodType: self._method,
            partial: self._partial,
            backend.VARIABLES: lambda variable: self.take(variable, _copy_of_variable(variable)),
            # What TensorFlow's checkpoints go by.
            backend.REFERENCES: lambda one: type(one)(one.name, self(one.ref)),
            backend.MODULES: self.attributes_of,
            np.ndarray: lambda array: self.take(array, array.copy()),
            backend.COMPILED_FUNCTIONS: self._compiled_function,
        }
        copiers = (kinds[kind] for kind in kinds if isinstance(value, kind))
        other = self.attributes_of if _is_plain(value) and _holds_keras(value) else None
        return next(copiers, other)

    def attributes_of(self, old: Any) -> Any:
        """A new object of the same class, with a copy of each attribute."""
        new = self._shell(old)
        self._fill(old, new, vars(old))
        return new

    def _shell(self, old):
        """A new object of the same class that is to stand for the old one, still empty."""
        cls = type(old)
        if not isinstance(old, keras.Operation):
            return self.take(old, object.__new__(cls))
        try:
            return self.take(old, cls.__new__(cls))
        except TypeError as error:
            raise ValueError(
                f"{cls.__name__} {self._path_to(old)!r} can't be copied, for its `__new__` needs "
                f"arguments: {error}."
            ) from None

    def _path_to(self, operation):
        return "/".join([*self._path, operation.name])

    def _fill(self, old, new, attributes):
        """Gives a new object its attributes, past Keras's tracking: what it noted is copied too."""
        if isinstance(old, keras.Operation):
            self._path.append(old.name)
        # Functions that Keras has put there by now are bound to the new layer.
        own = {name for name, value in vars(new).items() if isinstance(value, types.FunctionType)}
        for name, value in attributes.items():
            if name in own:
                continue
            if name in ("_inbound_nodes", "_outbound_nodes"):
                value = []  # where the old one was called: by other models, too
            elif name in COMPILED:
                value = None
            elif name in NOTED:
                value = _without_compiled(value)
            vars(new)[name] = self(value)
        if isinstance(old, keras.Operation):
            self._path.pop()

    def _input_layer(self, old):
        return self.take(old, type(old).from_config(old.get_config()))

    def _functional(self, old):
        """A functional model: its graph is drawn anew by calling the new layers."""
        new = self._shell(old)
        kind = next(cls for cls in type(old).__mro__ if _is_keras_own(cls))
        # The same model to Keras, but not compiled: what it was compiled with is copied below.
        view = kind.__new__(kind)
        vars(view).update({**vars(old), "compiled": False})
        redrawn = keras.models.clone_model(
            view,
            input_tensors=tree.map_structure(
                lambda tensor: self(tensor._keras_history.operation).output, old.input
            ),
            clone_function=self,
        )
        graph = _graph_of(redrawn)
        rest = {name: value for name, value in vars(old).items() if name not in graph}
        self._fill(old, new, rest)
        vars(new).update(graph)
        return new

    def _container(self, old):
        cls = type(old)
        new = cls.__new__(cls)
        self.take(old, new)
        if isinstance(old, list):
            list.extend(new, map(self, list.__iter__(old)))
        elif isinstance(old, set):
            set.update(new, map(self, old))
        else:
            put = OrderedDict.__setitem__ if isinstance(old, OrderedDict) else dict.__setitem__
            for key, value in old.items():
                put(new, self(key), self(value))
        if hasattr(old, "__dict__"):
            self._fill(old, new, vars(old))
        if isinstance(old, (dict, set)):
            self._holding_ids.append(new)
        return new

    def _tensorflow_container(self, old):
        """A container that TensorFlow has wrapped to find the variables in it."""
        inside = old.__wrapped__ if hasattr(old, "__wrapped__") else old._storage
        new = self.take(old, type(old)(self(inside)))
        self._holding_ids = [one for one in self._holding_ids if one is not self(inside)] + [new]
        return new

    def _refuse_globals(self, model):
        """A function that finds by a global what was copied would still find the old one.

        It can't be given globals of its own, for it would not see what else changes in the old.
        """
        waiting, seen = [*self._functions], set()
        while waiting:
            function = waiting.pop()
            if function in seen:
                continue
            seen.add(function)
            inside = [*_reached(function)]
            for name, held in _globals_of(function).items():
                reached = [*_reached(held)]
                if any(id(one) in self._new for part in reached for one in _changing_in(part)):
                    raise ValueError(
                        f"{model.name!r} can't be copied, for its function "
                        f"{function.__qualname__!r} reads the global {name!r}, which would still "
                        f"lead to {model.name!r} and not to the copy. Have an outer function take "
                        f"{name!r} as an argument and return this one, or convert the model "
                        "without it and give the copy one of its own."
                    )
                inside += reached
            called = (types.FunctionType, types.MethodType)
            for part in inside:
                waiting += _functions_of(part) if isinstance(part, called) else ()

    def _renew_ids(self):
        """Keras notes objects by `id`, or by TensorFlow's: the copies' own it has to be.

        They are members of sets and keys of dicts: which variable has which place in an optimizer,
        what has been tracked.
        """
        ids: dict[Any, Any] = {id(old): id(self._new[id(old)]) for old in self._old}
        for old in self._old:
            if hasattr(old, "_unique_id"):  # TensorFlow's variables have one
                ids[old._unique_id] = self._new[id(old)]._unique_id
        for container in self._holding_ids:
            held = [key for key in container if isinstance(key, (int, str)) and key in ids]
            if not held:
                continue
            if isinstance(container, set):
                container.difference_update(held)
                container.update(map(ids.__getitem__, held))
                continue
            renewed = {
                ids.get(key, key) if isinstance(key, (int, str)) else key: value
                for key, value in container.items()
            }
            if isinstance(container, backends.current().CONTAINERS):
                # TensorFlow saves no dict from which something was taken out: it begins anew.
                container.__init__(renewed)
            else:
                container.clear()
                container.update(renewed)

    def _tuple(self, old):
        items = list(map(self, old))
        if all(new is item for new, item in zip(items, old, strict=True)):
            return old
        return self.take(old, type(old)(*items) if hasattr(old, "_fields") else type(old)(items))

    def _function(self, old):
        """A function; anew only if it holds on to something of Keras, as a closure may."""
        if not _holds_keras(old):
            return old
        cells = tuple(types.CellType() for _ in old.__closure__ or ())
        new = types.FunctionType(old.__code__, old.__globals__, old.__name__, None, cells)
        self.take(old, new)
        for cell, old_cell in zip(cells, old.__closure__ or (), strict=True):
            for value in _contents(old_cell):
                cell.cell_contents = self(value)
        new.__defaults__, new.__kwdefaults__ = self(old.__defaults__), self(old.__kwdefaults__)
        new.__qualname__, new.__doc__ = old.__qualname__, old.__doc__
        new.__module__ = old.__module__
        vars(new).update(vars(old))
        return new

    def _method(self, old):
        owner = self(old.__self__)
        return old if owner is old.__self__ else types.MethodType(old.__func__, owner)

    def _partial(self, old):
        keywords = {name: self(value) for name, value in old.keywords.items()}
        return self.take(old, partial(self(old.func), *map(self, old.args), **keywords))

    def _compiled_function(self, old):
        raise ValueError(
            f"{'/'.join(self._path)!r} can't be copied, for it holds {backends.current().TRACED}, "
            f"{getattr(old, '__name__', '')!r}, which may be bound to it. Decorate the method "
            "where the class is defined, or make the function after the model is converted."
        )


def _without_compiled(noted):
    """What TensorFlow has noted, a list or a dict by name, but for what Keras has compiled."""
    if isinstance(noted, dict):
        return {name: one for name, one in noted.items() if name not in COMPILED}
    return [one for one in noted if one.name not in COMPILED]


def _copy_of_variable(old):
    # torch copies nothing that it computed from others, as a loss that a layer keeps of its call.
    return copy.deepcopy(old if getattr(old, "is_leaf", True) else old.detach())


def _contents(cell):
    """What a cell of a closure holds: nothing as long as the name in it has no value."""
    try:
        return [cell.cell_contents]
    except ValueError:
        return []


def _holds_keras(value):
    """Whether a value is a Keras object or a variable, or a function or container that has one."""
    return any(_is_keras_object(one) for one in _reached(value))


def _reached(value: Any) -> Iterator[Any]:
    """A value and what it holds in containers, functions and objects, down to Keras's objects."""
    waiting, seen = [value], set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        yield value
        if isinstance(value, types.FunctionType):
            waiting += [part for cell in value.__closure__ or () for part in _contents(cell)]
            waiting += [value.__defaults__, value.__kwdefaults__]
        elif isinstance(value, types.MethodType):
            waiting += [value.__self__]
        elif isinstance(value, partial):
            waiting += [value.func, value.args, value.keywords]
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, (list, tuple, set)):
            waiting += value
        elif not _is_keras_object(value) and _is_plain(value):
            waiting += vars(value).values()


def _is_keras_object(value):
    container = isinstance(value, (dict, list, set))  # Keras has its own
    return isinstance(value, _own_kinds()) or (_is_of_keras(type(value)) and not container)


def _functions_of(value: Any) -> Iterator[types.FunctionType]:
    """A user's functions that a value runs: itself, or the methods of its class."""
    if isinstance(value, types.MethodType):
        value = value.__func__
    if isinstance(value, types.FunctionType):
        if not _is_of_library(value.__module__):
            yield value
        return
    for cls in type(value).__mro__:
        if not _is_of_library(cls.__module__):
            functions = (getattr(one, "__func__", one) for one in vars(cls).values())
            yield from (one for one in functions if isinstance(one, types.FunctionType))


def _globals_of(function: types.FunctionType) -> dict[str, Any]:
    """The globals that a function reads, by name; also those of functions made in it."""
    codes = [function.__code__]
    for code in codes:
        codes += [one for one in code.co_consts if isinstance(one, types.CodeType)]
    names = {
        instruction.argval
        for code in codes
        for instruction in dis.get_instructions(code)
        if instruction.opname == "LOAD_GLOBAL"  # `co_names` has attributes too
    }
    present = function.__globals__
    return {name: present[name] for name in sorted(names) if name in present}


def _changing_in(value: Any) -> list[Any]:
    """What training changes in a value: itself if it is a layer or variable; its variables."""
    if isinstance(value, (keras.layers.Layer, keras.optimizers.Optimizer, keras.metrics.Metric)):
        return [value, *value.variables]
    return [value] if isinstance(value, (keras.Variable, *_own_kinds())) else []


def _is_plain(value):
    """Whether a value is an object of a user's class, with attributes."""
    return (
        hasattr(value, "__dict__")
        and not isinstance(value, (type, types.ModuleType, types.FunctionType))
        and not _is_of_library(type(value).__module__)
    )


def _is_of_library(module: str | None) -> bool:
    return (module or "").partition(".")[0] in LIBRARIES


def _own_kinds():
    """What the backend has of its own that training changes."""
    backend = backends.current()
    return (*backend.VARIABLES, *backend.MODULES)


@cache
def _is_of_keras(cls: type) -> bool:
    """Whether a class is Keras's or made from one of its."""
    return any(map(_is_keras_own, cls.__mro__)) and not issubclass(cls, (type, tuple))


def _is_keras_own(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "keras"


def _graph_of(model: Any) -> dict[str, Any]:
    """The attributes of a functional model that are about its graph of operations."""
    function = keras.Function(model.input, model.output, name=model.name)
    names = vars(function).keys() - vars(keras.Operation(name=model.name)).keys()
    return {name: value for name, value in vars(model).items() if name in names}
