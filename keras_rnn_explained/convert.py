"""To and from `SimpleRNN`."""


def swap(model):
    raise NotImplementedError
