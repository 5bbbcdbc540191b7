"""Triton kernels of depthwise 3-D convolutions; `depthwise_gpu` launches them. Importing this module needs Triton.

A program has one channel and a block of *lanes*; each lane has one place of the plane (a few rows of one column of
one batch item) and walks through the frames. So indices and masks of the plane are computed once, every value of a
plane is loaded once for all taps in time, and the planes that it contributes to are under way in registers:

    frame - pad ... frame + pad    slot 0 ... slot KT - 1

After a plane, slot 0 is complete and the slots move up. Lanes run on over rows and batch items, so that only a
channel's last block is not full. Memory and arithmetic overlap because there are many warps: the assembler moves loads
of the next plane behind the arithmetic on this one, wherever they stand here.

Padding is `(size - 1) // 2`; tensors are contiguous; sums are float32. Sizes of planes and kernels are constants.
"""

# Triton compiles a part of Python: without types that mypy knows, and without unpacking inside a tuple.
# mypy: ignore-errors
# ruff: noqa: RUF005

import triton
import triton.language as tl


@triton.jit
def forward(
    input, weight, output, batch, channels, frames,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, OUT_HEIGHT: tl.constexpr, OUT_WIDTH: tl.constexpr,
    KT: tl.constexpr, KH: tl.constexpr, KW: tl.constexpr, SH: tl.constexpr, SW: tl.constexpr,
    ROWS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Write the convolution of `input` (B, C, T, H, W); a lane has `ROWS` rows of `output` (B, C, T, H', W')."""
    channel = tl.program_id(1)
    lane = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    item, band, column, valid = _place(lane, batch, OUT_HEIGHT, OUT_WIDTH, ROWS)
    row = band * ROWS
    weights = _weights(weight + channel * (KT * KH * KW), KT * KH * KW, input.dtype.element_ty)
    volume = (item.to(tl.int64) * channels + channel) * frames
    top, left = row * SH - KH // 2, column * SW - KW // 2
    source = input + volume * (HEIGHT * WIDTH) + top * WIDTH + left
    target = output + (volume - KT // 2) * (OUT_HEIGHT * OUT_WIDTH) + row * OUT_WIDTH + column

    PATCH: tl.constexpr = SH * (ROWS - 1) + KH
    sums = _zeros(KT * ROWS, BLOCK)
    for frame in range(frames):
        patch = _load(source, top, left, valid, HEIGHT, WIDTH, PATCH, KW)
        sums = _convolve(sums, patch, weights, KT, KH, KW, SH, ROWS)
        _store(target, sums, 0, row, column, valid & (frame >= KT // 2), OUT_HEIGHT, OUT_WIDTH, ROWS, 1)
        sums = _advance(sums, _zeros(ROWS, BLOCK), KT, ROWS)
        source += HEIGHT * WIDTH
        target += OUT_HEIGHT * OUT_WIDTH
    for slot in tl.static_range(KT // 2):
        stored = valid & (frames + slot >= KT // 2)
        _store(target, sums, slot, row, column, stored, OUT_HEIGHT, OUT_WIDTH, ROWS, 1)
        target += OUT_HEIGHT * OUT_WIDTH


@triton.jit
def input_gradient(
    gradient, weight, output, batch, channels, frames,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, OUT_HEIGHT: tl.constexpr, OUT_WIDTH: tl.constexpr,
    KT: tl.constexpr, KH: tl.constexpr, KW: tl.constexpr, SH: tl.constexpr, SW: tl.constexpr,
    ROWS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Write the gradient of the input, `output` (B, C, T, H, W), of the result's, `gradient` (B, C, T, H', W').

    A lane has a cell of `ROWS` (a multiple of `SH`) x `SW` places of `output`: whatever the stride, each place's taps
    are known when the kernel is compiled, and none is a multiplication by zero.
    """
    channel = tl.program_id(1)
    lane = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    item, band, cell, valid = _place(lane, batch, HEIGHT, (WIDTH + SW - 1) // SW, ROWS)
    row, column = band * ROWS, cell * SW
    weights = _weights(weight + channel * (KT * KH * KW), KT * KH * KW, gradient.dtype.element_ty)
    # Place i of a cell takes row (i + KH // 2 - kh) / SH of the gradient through tap kh, where SH divides that.
    ABOVE: tl.constexpr = (KH // 2) // SH
    BELOW: tl.constexpr = (ROWS - 1 + KH // 2) // SH
    BEFORE: tl.constexpr = (KW // 2) // SW
    AFTER: tl.constexpr = (SW - 1 + KW // 2) // SW
    top, left = band * (ROWS // SH) - ABOVE, cell - BEFORE
    volume = (item.to(tl.int64) * channels + channel) * frames
    source = gradient + volume * (OUT_HEIGHT * OUT_WIDTH) + top * OUT_WIDTH + left
    target = output + (volume - KT // 2) * (HEIGHT * WIDTH) + row * WIDTH + column

    sums = _zeros(KT * ROWS * SW, BLOCK)
    for frame in range(frames):
        patch = _load(source, top, left, valid, OUT_HEIGHT, OUT_WIDTH, ABOVE + BELOW + 1, BEFORE + AFTER + 1)
        sums = _spread(sums, patch, weights, KT, KH, KW, SH, SW, ROWS, ABOVE, BEFORE, BEFORE + AFTER + 1)
        _store(target, sums, 0, row, column, valid & (frame >= KT // 2), HEIGHT, WIDTH, ROWS, SW)
        sums = _advance(sums, _zeros(ROWS * SW, BLOCK), KT, ROWS * SW)
        source += OUT_HEIGHT * OUT_WIDTH
        target += HEIGHT * WIDTH
    for slot in tl.static_range(KT // 2):
        stored = valid & (frames + slot >= KT // 2)
        _store(target, sums, slot, row, column, stored, HEIGHT, WIDTH, ROWS, SW)
        target += HEIGHT * WIDTH


@triton.jit
def weight_gradient(
    gradient, input, partial, batch, channels, frames,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, OUT_HEIGHT: tl.constexpr, OUT_WIDTH: tl.constexpr,
    KT: tl.constexpr, KH: tl.constexpr, KW: tl.constexpr, SH: tl.constexpr, SW: tl.constexpr,
    ROWS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Write to `partial` (C, P, KT * KH * KW) what program p of a channel's P adds to each weight's gradient.

    A lane has `ROWS` rows of `gradient` (B, C, T, H', W') and a sum for each tap.
    """
    channel = tl.program_id(1)
    lane = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    item, band, column, valid = _place(lane, batch, OUT_HEIGHT, OUT_WIDTH, ROWS)
    row = band * ROWS
    top, left = row * SH - KH // 2, column * SW - KW // 2
    volume = (item.to(tl.int64) * channels + channel) * frames
    source = input + volume * (HEIGHT * WIDTH) + top * WIDTH + left
    result = gradient + volume * (OUT_HEIGHT * OUT_WIDTH) + row * OUT_WIDTH + column

    # The gradient's frames that a frame of the input meets: KT slots, the last is KT // 2 frames ahead.
    met = _zeros((KT - KT // 2) * ROWS, BLOCK)
    for ahead in tl.static_range(KT // 2):
        met = met + _load_rows(result, row, valid & (ahead < frames), OUT_HEIGHT, OUT_WIDTH, ROWS)
        result += OUT_HEIGHT * OUT_WIDTH
    totals = _zeros(KT * KH * KW, BLOCK)
    for frame in range(frames):
        coming = _load_rows(result, row, valid & (frame + KT // 2 < frames), OUT_HEIGHT, OUT_WIDTH, ROWS)
        patch = _load(source, top, left, valid, HEIGHT, WIDTH, SH * (ROWS - 1) + KH, KW)
        met = _advance(met, coming, KT, ROWS)
        totals = _correlate(totals, met, patch, KT, KH, KW, SH, ROWS)
        source += HEIGHT * WIDTH
        result += OUT_HEIGHT * OUT_WIDTH
    target = partial + (channel * tl.num_programs(0) + tl.program_id(0)) * (KT * KH * KW)
    for tap in tl.static_range(KT * KH * KW):
        tl.store(target + tap, tl.sum(totals[tap], 0))


@triton.jit
def _place(lane, batch, HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr):
    """Return a lane's batch item, band of `ROWS` rows and column, and whether there is such a lane."""
    BANDS: tl.constexpr = (HEIGHT + ROWS - 1) // ROWS
    valid = lane < batch * (BANDS * WIDTH)
    return lane // (BANDS * WIDTH), (lane // WIDTH) % BANDS, lane % WIDTH, valid


@triton.jit
def _weights(weight, COUNT: tl.constexpr, dtype: tl.constexpr):
    """Return the weights of a channel, rounded to `dtype` as autocast does."""
    weights = ()
    for tap in tl.static_range(COUNT):
        weights = weights + (tl.load(weight + tap).to(dtype).to(tl.float32),)
    return weights


@triton.jit
def _zeros(COUNT: tl.constexpr, BLOCK: tl.constexpr):
    zeros = ()
    for _ in tl.static_range(COUNT):
        zeros = zeros + (tl.zeros((BLOCK,), tl.float32),)
    return zeros


@triton.jit
def _load(
    pointer, top, left, valid,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Return each lane's patch of a plane of `HEIGHT` x `WIDTH`, with zeros outside; `pointer` is at (top, left).

    A patch of one row (of one column) lies inside by itself.
    """
    patch = ()
    for i in tl.static_range(ROWS):
        for j in tl.static_range(COLUMNS):
            inside = valid
            if ROWS > 1:
                inside = inside & (top + i >= 0) & (top + i < HEIGHT)
            if COLUMNS > 1:
                inside = inside & (left + j >= 0) & (left + j < WIDTH)
            patch = patch + (tl.load(pointer + (i * WIDTH + j), mask=inside, other=0.0),)
    return patch


@triton.jit
def _load_rows(pointer, row, valid, HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr):
    """Return each lane's `ROWS` values of a plane, one a row, with zeros outside; `pointer` is at the first."""
    values = ()
    for r in tl.static_range(ROWS):
        inside = valid
        if HEIGHT % ROWS != 0:
            inside = inside & (row + r < HEIGHT)
        values = values + (tl.load(pointer + r * WIDTH, mask=inside, other=0.0).to(tl.float32),)
    return values


@triton.jit
def _advance(slots, last, KT: tl.constexpr, COUNT: tl.constexpr):
    """Return the slots, of `COUNT` tensors each, moved up by one, with `last` at the end."""
    moved = ()
    for n in tl.static_range(COUNT, KT * COUNT):
        moved = moved + (slots[n],)
    return moved + last


@triton.jit
def _convolve(
    sums, patch, weights,
    KT: tl.constexpr, KH: tl.constexpr, KW: tl.constexpr, SH: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """Return the sums of `ROWS` results in each slot with what this frame's patch of the input adds."""
    added = ()
    for slot in tl.static_range(KT):
        for r in tl.static_range(ROWS):
            total = sums[slot * ROWS + r]
            for kh in tl.static_range(KH):
                for kw in tl.static_range(KW):
                    value = patch[(r * SH + kh) * KW + kw].to(tl.float32)
                    total += weights[((KT - 1 - slot) * KH + kh) * KW + kw] * value
            added = added + (total,)
    return added


@triton.jit
def _spread(
    sums, patch, weights,
    KT: tl.constexpr, KH: tl.constexpr, KW: tl.constexpr, SH: tl.constexpr, SW: tl.constexpr, ROWS: tl.constexpr,
    ABOVE: tl.constexpr, BEFORE: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Return the sums of `ROWS` x `SW` gradients in each slot with what this frame's patch, `COLUMNS` wide, adds."""
    added = ()
    for slot in tl.static_range(KT):
        for i in tl.static_range(ROWS):
            for j in tl.static_range(SW):
                total = sums[(slot * ROWS + i) * SW + j]
                for kh in tl.static_range(KH):
                    for kw in tl.static_range(KW):
                        if (i + KH // 2 - kh) % SH == 0 and (j + KW // 2 - kw) % SW == 0:
                            value = patch[
                                ((i + KH // 2 - kh) // SH + ABOVE) * COLUMNS + (j + KW // 2 - kw) // SW + BEFORE
                            ]
                            total += weights[(slot * KH + kh) * KW + kw] * value.to(tl.float32)
                added = added + (total,)
    return added


@triton.jit
def _correlate(
    totals, met, patch,
    KT: tl.constexpr, KH: tl.constexpr, KW: tl.constexpr, SH: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """Return the total of each tap with what this frame's patch of the input adds."""
    added = ()
    for kt in tl.static_range(KT):
        for kh in tl.static_range(KH):
            for kw in tl.static_range(KW):
                total = totals[(kt * KH + kh) * KW + kw]
                for r in tl.static_range(ROWS):
                    total += met[(KT - 1 - kt) * ROWS + r] * patch[(r * SH + kh) * KW + kw].to(tl.float32)
                added = added + (total,)
    return added


@triton.jit
def _store(
    pointer, sums, slot: tl.constexpr, row, column, valid,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Store each lane's `ROWS` x `COLUMNS` places of a plane from a slot; `pointer` is at (row, column).

    Two columns go in one store, so that a warp's stores leave no gaps.
    """
    dtype = pointer.dtype.element_ty
    for i in tl.static_range(ROWS):
        stored = valid
        if HEIGHT % ROWS != 0:
            stored = stored & (row + i < HEIGHT)
        if COLUMNS == 2:
            side = tl.arange(0, 2)[None, :]
            inside = stored[:, None] & (column[:, None] + side < WIDTH)
            pair = tl.join(sums[(slot * ROWS + i) * 2].to(dtype), sums[(slot * ROWS + i) * 2 + 1].to(dtype))
            tl.store(pointer[:, None] + i * WIDTH + side, pair, mask=inside)
        else:
            tl.static_assert(COLUMNS == 1)
            tl.store(pointer + i * WIDTH, sums[slot * ROWS + i].to(dtype), mask=stored)
