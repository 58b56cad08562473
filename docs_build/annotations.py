"""Annotations as the reference shows them."""

import griffe


class WithoutAny(griffe.Extension):
    """Leaves out `Any`, which says nothing, and the default of `**kwargs`, which is none."""

    def on_function(self, *, func, loader, **kwargs):
        for parameter in func.parameters:
            if str(parameter.annotation) == "Any":
                parameter.annotation = None
            if parameter.kind is griffe.ParameterKind.var_keyword:
                parameter.default = None
        if str(func.returns) == "Any":
            func.returns = None
