"""The memories that are compared, each a map from a sequence of tokens to the logits of an answer at every moment.

``wave``: a ring of positions with a few channels, as in Keller et al. (arXiv 2309.08045): tokens enter at one place, a local convolution
that begins as a pure shift carries them along, everything is read. ``wave + attention``: the same tape, read by its content over space.
``leaky``: units that each forget at a rate of their own, without propagation. GRU, iRNN (Le et al. 2015) and transformers as usual.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from wavestim.controller.studies.capacity.tasks import N_IN, N_OUT

POSITIONS = 40
"""On the ring, at one a token: longer than any sequence."""
LONGEST = 40


def remembered(update: Callable[[Array, Array], Array], start: Array, entered: Array) -> Array:
    """What a memory holds at every moment, when each moment's entry updates it."""

    def step(h: Array, x: Array) -> tuple[Array, Array]:
        h = update(h, x)
        return h, h

    return jax.lax.scan(step, start, entered)[1]


class Rectified(eqx.Module):
    """What a layer of rectified units learns: how a token enters it, what it makes of what it held, how it is read."""

    entry: eqx.nn.Embedding
    kernel: Array
    bias: Array
    read: eqx.nn.Linear


class Wave(Rectified):
    """Tokens on a tape that moves."""

    def __init__(self, width: int, key: Array) -> None:
        a, b = jax.random.split(key)
        self.entry = eqx.nn.Embedding(N_IN, width, key=a)
        self.kernel = jnp.concatenate([jnp.eye(width), jnp.zeros((2 * width, width))])
        self.bias = jnp.zeros(width)
        self.read = eqx.nn.Linear(POSITIONS * width, N_OUT, key=b)

    def states(self, tokens: Array) -> Array:
        """(T, positions, channels)."""
        at_edge = jnp.zeros((POSITIONS, 1)).at[0].set(1.0)

        def carried(h: Array, entered: Array) -> Array:
            heard = jnp.concatenate([jnp.roll(h, 1, 0), h, jnp.roll(h, -1, 0)], axis=1)
            return jax.nn.relu(heard @ self.kernel + self.bias + at_edge * entered)

        return remembered(carried, jnp.zeros((POSITIONS, self.bias.shape[0])), jax.vmap(self.entry)(tokens))

    def __call__(self, tokens: Array) -> Array:
        return jax.vmap(self.read)(self.states(tokens).reshape(len(tokens), -1))


class WaveAttention(eqx.Module):
    """The tape of a wave, read at the place whose content answers what is asked now."""

    tape: Wave
    place: Array
    query: eqx.nn.Embedding
    keys: eqx.nn.Linear
    values: eqx.nn.Linear
    read: eqx.nn.Linear

    def __init__(self, width: int, key: Array) -> None:
        k = jax.random.split(key, 6)
        tape = Wave(width, k[0])
        self.tape = eqx.tree_at(lambda wave: wave.read, tape, None)  # read by attention alone
        self.place = 0.1 * jax.random.normal(k[1], (POSITIONS, width))
        self.query = eqx.nn.Embedding(N_IN, width, key=k[2])
        self.keys, self.values = (eqx.nn.Linear(3 * width, width, key=one) for one in k[3:5])
        self.read = eqx.nn.Linear(2 * width, N_OUT, key=k[5])

    def __call__(self, tokens: Array) -> Array:
        h = self.tape.states(tokens)
        around = jnp.concatenate([jnp.roll(h, 1, 1), h, jnp.roll(h, -1, 1)], axis=2)
        keys, values = (jax.vmap(jax.vmap(look))(around) for look in (self.keys, self.values))
        asked = jax.vmap(self.query)(tokens)
        weight = jax.nn.softmax(jnp.einsum("td,tnd->tn", asked, keys + self.place) / jnp.sqrt(asked.shape[1]), axis=1)
        return jax.vmap(self.read)(jnp.concatenate([jnp.einsum("tn,tnd->td", weight, values), asked], axis=1))


class Leaky(eqx.Module):
    """Units that forget, each at its own rate."""

    entry: eqx.nn.Embedding
    rate: Array
    read: eqx.nn.Linear

    def __init__(self, width: int, key: Array) -> None:
        a, b = jax.random.split(key)
        self.entry = eqx.nn.Embedding(N_IN, width, key=a)
        self.rate = jnp.linspace(-2.0, 4.0, width)
        self.read = eqx.nn.Linear(width, N_OUT, key=b)

    def __call__(self, tokens: Array) -> Array:
        keep = jax.nn.sigmoid(self.rate)
        h = remembered(lambda h, x: keep * h + (1 - keep) * x, jnp.zeros_like(keep), jax.vmap(self.entry)(tokens))
        return jax.vmap(self.read)(jnp.tanh(h))


class Gru(eqx.Module):
    """Gated recurrent units."""

    entry: eqx.nn.Embedding
    cell: eqx.nn.GRUCell
    read: eqx.nn.Linear

    def __init__(self, width: int, key: Array) -> None:
        a, b, c = jax.random.split(key, 3)
        self.entry, self.cell = eqx.nn.Embedding(N_IN, width, key=a), eqx.nn.GRUCell(width, width, key=b)
        self.read = eqx.nn.Linear(width, N_OUT, key=c)

    def __call__(self, tokens: Array) -> Array:
        h = remembered(lambda h, x: self.cell(x, h), jnp.zeros(self.cell.hidden_size), jax.vmap(self.entry)(tokens))
        return jax.vmap(self.read)(h)


class IRnn(Rectified):
    """Rectified units that begin by keeping what they have."""

    def __init__(self, width: int, key: Array) -> None:
        a, b = jax.random.split(key)
        self.entry = eqx.nn.Embedding(weight=0.05 * jax.random.normal(a, (N_IN, width)))
        self.kernel, self.bias = jnp.eye(width), jnp.zeros(width)
        self.read = eqx.nn.Linear(width, N_OUT, key=b)

    def __call__(self, tokens: Array) -> Array:
        h = remembered(lambda h, x: jax.nn.relu(h @ self.kernel + self.bias + x), jnp.zeros_like(self.bias), jax.vmap(self.entry)(tokens))
        return jax.vmap(self.read)(h)


class Layer(eqx.Module):
    """One layer of a transformer, norm first."""

    norms: list[eqx.nn.LayerNorm]
    attention: eqx.nn.MultiheadAttention
    up: eqx.nn.Linear
    down: eqx.nn.Linear

    def __init__(self, width: int, key: Array) -> None:
        a, b, c = jax.random.split(key, 3)
        self.norms = [eqx.nn.LayerNorm(width), eqx.nn.LayerNorm(width)]
        self.attention = eqx.nn.MultiheadAttention(2, width, key=a)
        self.up, self.down = eqx.nn.Linear(width, 2 * width, key=b), eqx.nn.Linear(2 * width, width, key=c)

    def __call__(self, x: Array, mask: Array) -> Array:
        seen = jax.vmap(self.norms[0])(x)
        x = x + self.attention(seen, seen, seen, mask)
        return x + jax.vmap(lambda row: self.down(jax.nn.gelu(self.up(self.norms[1](row)))))(x)


class Transformer(eqx.Module):
    """Causal, with learned places."""

    entry: eqx.nn.Embedding
    place: Array
    layers: list[Layer]
    norm: eqx.nn.LayerNorm
    read: eqx.nn.Linear

    def __init__(self, width: int, key: Array, n_layers: int) -> None:
        a, b, c, *rest = jax.random.split(key, 3 + n_layers)
        self.entry, self.place = eqx.nn.Embedding(N_IN, width, key=a), 0.1 * jax.random.normal(b, (LONGEST, width))
        self.layers, self.norm = [Layer(width, one) for one in rest], eqx.nn.LayerNorm(width)
        self.read = eqx.nn.Linear(width, N_OUT, key=c)

    def __call__(self, tokens: Array) -> Array:
        x = jax.vmap(self.entry)(tokens) + self.place[: len(tokens)]
        mask = jnp.tril(jnp.ones((len(tokens), len(tokens)), bool))
        for layer in self.layers:
            x = layer(x, mask)
        return jax.vmap(lambda row: self.read(self.norm(row)))(x)


NETWORKS: dict[str, tuple[Callable[[int, Array], Any], int]] = {
    "wave": (Wave, 1),
    "wave + attention": (WaveAttention, 1),
    "leaky": (Leaky, 1),
    "GRU": (Gru, 1),
    "iRNN": (IRnn, 1),
    "transformer, 1 layer": (lambda width, key: Transformer(width, key, 1), 2),
    "transformer, 2 layers": (lambda width, key: Transformer(width, key, 2), 2),
}
"""name -> (how it is made from a width and a key, what the width is a multiple of)."""


def n_parameters(name: str, width: int) -> int:
    """Numbers that a network of this width learns; it is not made for that."""
    shape = eqx.filter_eval_shape(NETWORKS[name][0], width, jax.random.PRNGKey(0))
    return sum(x.size for x in jax.tree_util.tree_leaves(shape) if hasattr(x, "dtype") and jnp.issubdtype(x.dtype, jnp.inexact))


def width_for(name: str, wanted: int) -> int:
    """The width at which a network has the number of parameters nearest to ``wanted``."""
    multiple = NETWORKS[name][1]

    def count(steps: int) -> int:
        return n_parameters(name, steps * multiple)

    low, high = 1, 2
    while count(high) < wanted:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) < wanted else (low, middle)
    return min(low, high, key=lambda steps: abs(count(steps) - wanted)) * multiple
