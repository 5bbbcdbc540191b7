import math
import os
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from dubaug.pretrain.loss import contrastive_loss, nt_xent, retrieval_at_1
from several import run_in_several


def slow_half(x, y, temperature, negatives):
    """l(x, y) written from the definition: one row at a time, one exponential at a time."""

    def similarity(a, b):
        return sum(float(p) * float(q) for p, q in zip(a, b, strict=True)) / (float(a.norm()) * float(b.norm()))

    total = 0.0
    for i in range(len(x)):
        own = math.exp(similarity(x[i], y[i]) / temperature)
        rivals = sum(math.exp(similarity(x[i], y[j]) / temperature) for j in range(len(y)))
        if negatives == "both":
            rivals += sum(math.exp(similarity(x[i], x[j]) / temperature) for j in range(len(x)) if j != i)
        total -= math.log(own / rivals)
    return total / len(x)


@pytest.mark.parametrize("negatives", ["other_modality", "both"])
@pytest.mark.parametrize("temperature", [0.05, 0.1, 1.0])
@pytest.mark.parametrize(("rows", "width"), [(2, 3), (5, 4), (9, 16)])
def test_equals_a_slow_loop(rows, width, temperature, negatives):
    generator = torch.Generator().manual_seed(rows)
    x, y = torch.randn(2, rows, width, generator=generator, dtype=torch.float64)
    expected = (slow_half(x, y, temperature, negatives) + slow_half(y, x, temperature, negatives)) / 2
    assert float(nt_xent(x, y, temperature=temperature, negatives=negatives)) == pytest.approx(expected, abs=1e-10)


def test_the_loss_of_a_variant_is_the_sum_over_its_audio_views():
    v, p, s = torch.randn(3, 6, 5, generator=torch.Generator().manual_seed(1))
    options = {"temperature": 0.1, "negatives": "other_modality"}
    with_dub = contrastive_loss({"primary": p, "secondary": s, "video": v}, **options)
    assert with_dub.item() == pytest.approx((nt_xent(v, p, **options) + nt_xent(v, s, **options)).item())
    assert contrastive_loss({"video": v, "primary": p}, **options).item() == pytest.approx(
        nt_xent(v, p, **options).item()
    )
    within = contrastive_loss({"primary": p, "secondary": s}, **options)
    assert within.item() == pytest.approx(nt_xent(p, s, **options).item())
    weighted = contrastive_loss(
        {"primary": p, "secondary": s, "video": v}, temperature=0.1, negatives="both", within_modal_weight=0.3
    )
    both = {"temperature": 0.1, "negatives": "both"}
    expected = nt_xent(v, p, **both) + nt_xent(v, s, **both) + 0.3 * nt_xent(p, s, **both)
    assert weighted.item() == pytest.approx(expected.item())
    for without in ({"video": v, "primary": p}, {"primary": p, "secondary": s}):  # one sound; no other modality
        assert contrastive_loss(without, **options, within_modal_weight=0.3).item() == pytest.approx(
            contrastive_loss(without, **options).item()
        )
    with pytest.raises(ValueError, match="two views"):
        contrastive_loss({"primary": p}, **options)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_stays_finite_where_exponentials_overflow(dtype):
    x = torch.eye(8, dtype=dtype) * 100
    loss = nt_xent(x.requires_grad_(), -x.detach(), temperature=0.001, negatives="both")
    loss.backward()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    assert torch.isfinite(x.grad).all()
    assert loss.item() > 900


def test_retrieval_counts_rows_whose_nearest_is_their_own():
    x = torch.eye(4)
    assert retrieval_at_1(x, 3 * x).item() == 1.0
    assert retrieval_at_1(x, x[[1, 0, 2, 3]]).item() == 0.5


def _views(rows):
    generator = torch.Generator().manual_seed(7)
    inputs = torch.randn(rows, 6, generator=generator, dtype=torch.float64)
    weights = {
        n: torch.randn(6, 5, generator=generator, dtype=torch.float64) for n in ("video", "primary", "secondary")
    }
    return inputs, weights


def _loss_and_gradients(inputs, weights, negatives):
    parameters = {name: weight.clone().requires_grad_() for name, weight in weights.items()}
    views = {name: inputs @ weight for name, weight in parameters.items()}
    loss = contrastive_loss(views, temperature=0.1, negatives=negatives)
    loss.backward()
    return loss.detach(), {name: parameter.grad for name, parameter in parameters.items()}


def _one_of_several(rank, count, rows, negatives, folder):
    os.environ.update(MASTER_ADDR="127.0.0.1", GLOO_SOCKET_IFNAME="lo")
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=count)
    inputs, weights = _views(rows)
    part = rows // count
    loss, gradients = _loss_and_gradients(inputs[rank * part : (rank + 1) * part], weights, negatives)
    for value in (loss, *gradients.values()):  # what DistributedDataParallel does
        dist.all_reduce(value)
        value /= count
    if rank == 0:
        torch.save({"loss": loss, **gradients}, Path(folder) / "result.pt")
    dist.destroy_process_group()


@pytest.mark.slow
@pytest.mark.parametrize(("count", "negatives"), [(2, "other_modality"), (4, "both")])
def test_one_process_equals_several(count, negatives, tmp_path):
    rows = 12
    run_in_several(_one_of_several, count, rows, negatives, str(tmp_path))
    several = torch.load(tmp_path / "result.pt", weights_only=True)
    loss, gradients = _loss_and_gradients(*_views(rows), negatives)
    for name, expected in {"loss": loss, **gradients}.items():
        torch.testing.assert_close(several[name], expected, rtol=0, atol=1e-8)
