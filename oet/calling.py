"""Calling a function of a script as OET calls it, wherever the script runs."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Callable

from oet import functions

if TYPE_CHECKING:
    from types import ModuleType

    from oet.script_context import ScriptContext


def call(
    name: str, function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], context: ScriptContext
) -> Any:
    """The result of the call. The context learns of it, and is given to a function that wants it; an `async def` is run to its end."""
    context.function = name
    subarray_id = argument(function, args, kwargs, "subarray_id")
    context.subarray_id = context.subarray_id if subarray_id is None else subarray_id
    args, kwargs = with_context(function, args, kwargs, context)
    result = function(*args, **kwargs)
    if not inspect.iscoroutine(result):
        return result
    import asyncio  # takes longer to import than most scripts

    return asyncio.run(result)


def with_context(
    function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], context: Any
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call, with the context where the function wants it and the caller does not give something else."""
    signature = functions.signature_of(function)
    place = functions.place_of_context(signature)
    if signature is None or place is None or functions.CONTEXT in kwargs:
        return args, kwargs
    if signature.parameters[functions.CONTEXT].kind is not inspect.Parameter.KEYWORD_ONLY and place < len(args):
        return [*args[:place], context, *args[place:]], kwargs
    return args, {**kwargs, functions.CONTEXT: context}


def misfit(name: str, function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> str | None:
    """Why the function cannot be called with these arguments, in words; None where it can (or nobody knows)."""
    signature = functions.signature_of(function)
    if signature is None:
        return None
    args, kwargs = with_context(function, args, kwargs, None)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        return f"{name}: {error}. Its signature is {name}{functions.signature_text(functions.asked_for(signature))}"
    return None


def missing(module: ModuleType, name: str) -> str:
    """That the script has no function of this name, in words, and which it has."""
    names = ", ".join(function["name"] for function in functions.describe_functions(module))
    return f"the script has no function {name!r}; it has: {names or 'none'}"


def argument(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], name: str) -> Any:
    """What a call gives the parameter `name`; None where it gives nothing."""
    signature = functions.signature_of(function)
    try:
        given = signature.bind(*args, **kwargs).arguments if signature is not None else kwargs
    except TypeError:
        given = kwargs
    return given.get(name, kwargs.get(name))
