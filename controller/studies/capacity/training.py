"""Trains one network on one task, at several learning rates and seeds side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from numpy.typing import NDArray
from wavestim.controller.studies.capacity.networks import NETWORKS, n_parameters, width_for
from wavestim.controller.studies.capacity.tasks import NOT_ASKED, Task
from wavestim.controller.studies.study import Row

CHUNK = 50
"""Steps of one compiled piece."""
CLIP = 1.0


def loss_of(network: Any, tokens: Array, answers: Array) -> Array:
    """Mean cross entropy of what is asked, over a batch (B, T)."""
    logits = jax.vmap(network)(tokens)
    asked = answers != NOT_ASKED
    each = optax.softmax_cross_entropy_with_integer_labels(logits, jnp.where(asked, answers, 0))
    return jnp.where(asked, each, 0.0).sum() / asked.sum()


def train(
    name: str, task: Task, *, size: int, rates: Sequence[float], seeds: Sequence[int], steps: int, batch: int, n_test: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Accuracy on sequences that were never seen.

    Parameters
    ----------
    name : str
        Of :data:`NETWORKS`.
    task : Task
    size : int
        Parameters it should have.
    rates, seeds : sequences
        Learning rates, and seeds of weights and sequences; every rate sees the same sequences of a seed.
    steps, batch : int
    n_test : int
        Sequences that are told apart in the end, and as many to choose the rate by.

    Returns
    -------
    chosen_by, accuracy : (rates, seeds)
        On the sequences to choose by, and on the others.
    n : int
        Parameters it has.
    """
    make, _ = NETWORKS[name]
    width = width_for(name, size)
    keys = jnp.stack([jax.random.PRNGKey(seed) for seed in seeds])
    made = eqx.filter_vmap(lambda key: make(width, key))(keys)
    params, fixed = eqx.partition(made, eqx.is_inexact_array)
    n = n_parameters(name, width)
    params = jax.tree_util.tree_map(lambda x: jnp.broadcast_to(x, (len(rates), *x.shape)), params)
    rule = optax.chain(optax.clip_by_global_norm(CLIP), optax.scale_by_adam())

    def one_step(rate: Array, weights: Any, memory: Any, tokens: Array, answers: Array) -> tuple[Any, Any]:
        slope = jax.grad(lambda w: loss_of(eqx.combine(w, fixed), tokens, answers))(weights)
        update, memory = rule.update(slope, memory, weights)
        return jax.tree_util.tree_map(lambda w, u: w - rate * u, weights, update), memory

    over_seeds = jax.vmap(one_step, in_axes=(None, 0, 0, 0, 0))
    over_all = jax.vmap(over_seeds, in_axes=(0, 0, 0, None, None))
    rates_now = jnp.asarray(rates)

    def piece(weights: Any, memory: Any, tokens: Array, answers: Array) -> tuple[Any, Any]:
        def step(carry: tuple[Any, Any], batch_now: tuple[Array, Array]) -> tuple[tuple[Any, Any], None]:
            return over_all(rates_now, *carry, *batch_now), None

        after: tuple[Any, Any] = jax.lax.scan(step, (weights, memory), (tokens, answers))[0]
        return after

    compiled, memory = jax.jit(piece), jax.vmap(jax.vmap(rule.init))(params)
    streams = [np.random.default_rng([seed, 1]) for seed in seeds]
    for _ in range(0, steps, CHUNK):
        drawn = [task.make(rng, CHUNK * batch) for rng in streams]
        tokens, answers = (
            np.stack([one[k].reshape(CHUNK, batch, task.length) for one in drawn], axis=1) for k in range(2)
        )  # (steps, seeds, batch, T)
        params, memory = compiled(params, memory, jnp.asarray(tokens), jnp.asarray(answers))

    def right(weights: Any, tokens: Array, answers: Array) -> Array:
        def one(w: Any, x: Array, y: Array) -> Array:
            told = jnp.argmax(jax.vmap(eqx.combine(w, fixed))(x), axis=-1)
            return ((told == y) & (y != NOT_ASKED)).sum() / (y != NOT_ASKED).sum()

        return jax.vmap(jax.vmap(one), in_axes=(0, None, None))(weights, tokens, answers)

    judged, found = jax.jit(right), []
    for part in (2, 3):
        drawn = [task.make(np.random.default_rng([seed, part]), n_test) for seed in seeds]
        found.append(np.asarray(judged(params, *(jnp.asarray(np.stack([one[k] for one in drawn])) for k in range(2))), np.float64))
    return found[0], found[1], n


def trained(name: str, task: Task, p: Mapping[str, Any]) -> list[Row]:
    """A row for each seed of a cell with these parameters: its accuracy at the learning rate that is best for all of them together."""
    chosen_by, accuracy, n = train(name, task, **{key: p[key] for key in ("size", "rates", "seeds", "steps", "batch", "n_test")})
    best = int(np.argmax(chosen_by.mean(axis=1)))
    about: Row = {"task": p["task"], "size": p["size"], "parameters": n, "rate": p["rates"][best]}
    return [about | {"seed": seed, "accuracy": float(value)} for seed, value in zip(p["seeds"], accuracy[best], strict=True)]
