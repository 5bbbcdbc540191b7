"""Many small probes as one: equal networks side by side, every step of all of them in the same few tensor operations.

A probe of a hundred items is too small to fill a processor: its time is what starting each operation costs. Here P
probes share each operation (batched matrix products), and one flat row a probe holds all its parameters, so that the
optimiser is a few operations too. Gradients are written out by hand; a test compares them, and whole trainings, with
plain torch modules and autograd.

Shapes: P probes, B items of a batch (padded to the largest), D inputs, H hidden units, C outputs.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.optim.adam import adam

from dubaug.downstream.model import Kind

BATCHNORM_EPSILON, BATCHNORM_MOMENTUM = 1e-5, 0.1
ADAM_BETAS, ADAM_EPSILON = (0.9, 0.999), 1e-8


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes of a probe: `layers` times [linear, batch norm, dropout, ReLU], then a linear one. 0 layers: linear."""

    inputs: int
    hidden: int
    layers: int
    outputs: int

    @property
    def linear(self) -> tuple[tuple[int, int], ...]:
        """(inputs, outputs) of the linear layers in order."""
        widths = (self.inputs, *[self.hidden] * self.layers, self.outputs)
        return tuple(itertools.pairwise(widths))

    @property
    def parameters(self) -> int:
        """Number of trained values."""
        return sum((rows + 1) * columns for rows, columns in self.linear) + 2 * self.hidden * self.layers

    @property
    def statistics(self) -> int:
        """Number of running means and variances."""
        return 2 * self.hidden * self.layers


@dataclass(frozen=True)
class Linear:
    """A linear layer of all probes: `weight` (P, inputs, outputs), `bias` (P, 1, outputs); views of the flat rows."""

    weight: torch.Tensor
    bias: torch.Tensor


@dataclass(frozen=True)
class Norm:
    """Two rows (P, 1, H) each: scale and shift, or running mean and variance, or their gradients."""

    first: torch.Tensor
    second: torch.Tensor


@dataclass(frozen=True)
class Rows:
    """How many of a batch's B rows are items: `count` (P, 1, 1) or one number, and `mask` (P, B, 1) if they differ."""

    count: torch.Tensor | int
    mask: torch.Tensor | None


@dataclass(frozen=True)
class Dropout:
    """Which activations of the hidden layers stay."""

    keep: torch.Tensor
    """1 or 0, (layers, P, B, H)."""
    share: float
    """Of the activations that stay, on average."""


@dataclass
class _Trace:
    """What one hidden layer's backward pass needs of its forward pass."""

    inputs: torch.Tensor
    centred: torch.Tensor
    inverse_deviation: torch.Tensor
    output: torch.Tensor


class Stack:
    """P networks of one shape. `theta` (P, parameters) and `statistics` (P, 2 H layers) hold all of their state."""

    def __init__(self, shape: Shape, theta: torch.Tensor, statistics: torch.Tensor) -> None:
        self.shape = shape
        self.theta = theta
        self.statistics = statistics
        self.gradient = torch.zeros_like(theta)
        self._bind()

    def _bind(self) -> None:
        self.linears, self.norms = parameter_views(self.shape, self.theta)
        self._grad_linears, self._grad_norms = parameter_views(self.shape, self.gradient)
        self.running = [
            Norm(*(part.unsqueeze(1) for part in layer.chunk(2, dim=1)))
            for layer in self.statistics.chunk(max(self.shape.layers, 1), dim=1)[: self.shape.layers]
        ]

    def keep_only(self, chosen: torch.Tensor) -> None:
        """Drop all probes but the `chosen` ones (indices)."""
        self.theta, self.statistics = self.theta[chosen], self.statistics[chosen]
        self.gradient = torch.zeros_like(self.theta)
        self._bind()

    def train_step(
        self,
        x_PBD: torch.Tensor,
        y_PBC: torch.Tensor,
        rows: Rows,
        *,
        kind: Kind,
        heads: Sequence[int],
        dropout: Dropout | None = None,
    ) -> None:
        """Put the gradients of each probe's own mean loss into `gradient`; update the running statistics.

        The bias of a linear layer that feeds a batch norm has a gradient of exactly zero, where autograd leaves
        rounding noise.
        """
        traces, activation = [], x_PBD
        share = dropout.share if dropout else 1.0
        for layer, (linear, norm, running) in enumerate(zip(self.linears, self.norms, self.running, strict=False)):
            traces.append(_hidden_forward(activation, linear, norm, running, rows, share))
            activation = traces[-1].output
            if dropout:
                activation.mul_(dropout.keep[layer])
        logits = torch.baddbmm(self.linears[-1].bias, activation, self.linears[-1].weight)
        delta = loss_gradient(logits, y_PBC, rows, kind, heads)
        self._linear_backward(-1, activation, delta)
        for layer in reversed(range(self.shape.layers)):
            above = self.linears[layer + 1].weight
            delta = torch.bmm(delta, above.transpose(1, 2))
            delta = _hidden_backward(delta, traces[layer], self.norms[layer], self._grad_norms[layer], rows, share)
            torch.bmm(traces[layer].inputs.transpose(1, 2), delta, out=self._grad_linears[layer].weight)

    def _linear_backward(self, layer: int, inputs: torch.Tensor, delta: torch.Tensor) -> None:
        torch.bmm(inputs.transpose(1, 2), delta, out=self._grad_linears[layer].weight)
        torch.sum(delta, dim=1, keepdim=True, out=self._grad_linears[layer].bias)

    def predict(self, x_PBD: torch.Tensor, *, kind: Kind, heads: Sequence[int]) -> torch.Tensor:
        """Return each probe's outputs (P, B, C), with the running statistics and no dropout."""
        activation = x_PBD
        for linear, norm, running in zip(self.linears, self.norms, self.running, strict=False):
            scale = norm.first * (running.second + BATCHNORM_EPSILON).rsqrt()
            hidden = torch.baddbmm(linear.bias, activation, linear.weight).sub_(running.first)
            activation = hidden.mul_(scale).add_(norm.second).relu_()
        logits = torch.baddbmm(self.linears[-1].bias, activation, self.linears[-1].weight)
        return outputs_of(logits, kind, heads)


def parameter_views(shape: Shape, flat_PN: torch.Tensor) -> tuple[list[Linear], list[Norm]]:
    """Return views of flat rows (P, parameters): the linear layers, and the batch norms of the hidden ones."""
    probes, position = len(flat_PN), 0

    def take(*size: int) -> torch.Tensor:
        nonlocal position
        count = math.prod(size)
        view = flat_PN[:, position : position + count].view(probes, *size)
        position += count
        return view

    linears, norms = [], []
    for index, (inputs, outputs) in enumerate(shape.linear):
        linears.append(Linear(take(inputs, outputs), take(1, outputs)))
        if index < shape.layers:
            norms.append(Norm(take(1, outputs), take(1, outputs)))
    return linears, norms


def _hidden_forward(
    inputs: torch.Tensor, linear: Linear, norm: Norm, running: Norm, rows: Rows, share: float
) -> _Trace:
    """Return [linear, batch norm, ReLU] of a batch over `share`, and keep the running mean and (unbiased) variance.

    The linear layer's bias goes into the running mean alone: the batch norm takes it away again. Each pass over
    (P, B, H) costs about as much as a twentieth of the matrix product, so scales are joined into one.
    """
    centred = torch.bmm(inputs, linear.weight)
    if rows.mask is not None:
        centred.mul_(rows.mask)
    mean = centred.sum(dim=1, keepdim=True).div_(rows.count)
    centred.sub_(mean)
    if rows.mask is not None:
        centred.mul_(rows.mask)
    variance = centred.square().sum(dim=1, keepdim=True).div_(rows.count)
    inverse_deviation = (variance + BATCHNORM_EPSILON).rsqrt_()
    running.first.lerp_(mean.add_(linear.bias), BATCHNORM_MOMENTUM)
    running.second.lerp_(variance * rows.count / (rows.count - 1), BATCHNORM_MOMENTUM)
    output = torch.addcmul(norm.second / share, centred, norm.first * inverse_deviation / share).relu_()
    return _Trace(inputs, centred, inverse_deviation, output)


def _hidden_backward(
    delta: torch.Tensor, trace: _Trace, norm: Norm, gradient: Norm, rows: Rows, share: float
) -> torch.Tensor:
    """Return the loss's gradient at the linear layer's output; put those of scale and shift into `gradient`.

    The trace's output is used up: it is 0 exactly where dropout or ReLU let nothing through.
    """
    delta.mul_(trace.output.sign_())
    torch.sum(delta, dim=1, keepdim=True, out=gradient.second)
    torch.sum(delta * trace.centred, dim=1, keepdim=True, out=gradient.first)
    gradient.first.mul_(trace.inverse_deviation)
    delta.addcmul_(trace.centred, gradient.first * trace.inverse_deviation / rows.count, value=-1)
    delta.sub_(gradient.second / rows.count).mul_(norm.first * trace.inverse_deviation / share)
    gradient.first.div_(share)
    gradient.second.div_(share)
    return delta if rows.mask is None else delta.mul_(rows.mask)


def outputs_of(logits: torch.Tensor, kind: Kind, heads: Sequence[int]) -> torch.Tensor:
    """Return what a network answers by its last layer (..., C): values as they are, else probabilities.

    The sigmoid of a multilabel task, else each head's softmax.
    """
    if kind == "regression":
        return logits
    if kind == "multilabel":
        return torch.sigmoid(logits)
    if len(heads) == 1:
        return torch.softmax(logits, dim=-1)
    return torch.cat([torch.softmax(part, dim=-1) for part in logits.split(list(heads), dim=-1)], dim=-1)


def loss_gradient(
    logits: torch.Tensor, y_PBC: torch.Tensor, rows: Rows, kind: Kind, heads: Sequence[int]
) -> torch.Tensor:
    """Return the gradient at the logits of each probe's loss.

    Cross entropy averaged over items (multiclass), summed over heads (multihead); binary cross entropy averaged over
    items and classes (multilabel); the squared error averaged over items and outputs (regression).
    """
    delta = outputs_of(logits, kind, heads).sub_(y_PBC)
    delta.div_(rows.count * logits.shape[-1] if kind in ("multilabel", "regression") else rows.count)
    if kind == "regression":
        delta.mul_(2)
    return delta if rows.mask is None else delta.mul_(rows.mask)


class Adam:
    """Torch's fused Adam over the flat rows, with a learning rate for each probe."""

    def __init__(self, theta: torch.Tensor, rates: Sequence[float]) -> None:
        self.rates = list(rates)
        self.first, self.second = torch.zeros_like(theta), torch.zeros_like(theta)
        self.counts = [torch.zeros((), device=theta.device) for _ in rates]

    def keep_only(self, chosen: torch.Tensor) -> None:
        """Drop all probes but the `chosen` ones (indices)."""
        rows = chosen.tolist()
        self.rates, self.counts = [self.rates[row] for row in rows], [self.counts[row] for row in rows]
        self.first, self.second = self.first[chosen], self.second[chosen]

    def step(self, theta: torch.Tensor, gradient: torch.Tensor, factor: float = 1.0) -> None:
        """Change `theta` by one step, with the learning rates times `factor`."""
        for rate in dict.fromkeys(self.rates):
            rows = [row for row, other in enumerate(self.rates) if other == rate]
            weights, gradients, first, second = (
                [part[row] for row in rows] for part in (theta, gradient, self.first, self.second)
            )
            adam(
                weights,
                gradients,
                first,
                second,
                max_exp_avg_sqs=[],
                state_steps=[self.counts[row] for row in rows],
                fused=True,
                amsgrad=False,
                beta1=ADAM_BETAS[0],
                beta2=ADAM_BETAS[1],
                lr=rate * factor,
                weight_decay=0.0,
                eps=ADAM_EPSILON,
                maximize=False,
            )


class Sgd:
    """Gradient descent with momentum as torch has it (no dampening, no Nesterov step), over the flat rows."""

    def __init__(self, theta: torch.Tensor, rates: Sequence[float], momentum: float) -> None:
        self.rates = theta.new_tensor(rates).unsqueeze(1)
        self.momentum = momentum
        self.velocity = torch.zeros_like(theta)

    def step(self, theta: torch.Tensor, gradient: torch.Tensor, factor: float = 1.0) -> None:
        """Change `theta` by one step, with the learning rates times `factor`."""
        self.velocity.mul_(self.momentum).add_(gradient)
        theta.addcmul_(self.velocity, self.rates, value=-factor)


Initialise = Callable[..., torch.Tensor]


def initial_row(shape: Shape, initialise: Initialise, generator: torch.Generator) -> torch.Tensor:
    """Return one probe's parameters (parameters,) as HEAR starts them (float32).

    Weights by `initialise` (Xavier), with the gain for a linear layer first and for ReLU after; biases uniform within
    1 / sqrt(inputs), torch's default; norms 1 and 0. Drawn from `generator` layer by layer, weight (outputs, inputs)
    before bias.
    """
    row = torch.zeros(1, shape.parameters)
    linears, norms = parameter_views(shape, row)
    for layer, linear in enumerate(linears):
        inputs, outputs = shape.linear[layer]
        gain = torch.nn.init.calculate_gain("linear" if layer == 0 else "relu")
        linear.weight[0] = initialise(torch.empty(outputs, inputs), gain=gain, generator=generator).t()
        bound = 1 / math.sqrt(inputs)
        linear.bias[0, 0] = torch.empty(outputs).uniform_(-bound, bound, generator=generator)
    for norm in norms:
        norm.first.fill_(1.0)
    return row[0]


def initial_statistics(shape: Shape) -> torch.Tensor:
    """Return one probe's running means (0) and variances (1) as one row."""
    pair = torch.cat([torch.zeros(shape.hidden), torch.ones(shape.hidden)])
    return pair.repeat(shape.layers)
