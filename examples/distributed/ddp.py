"""Trains in several processes, on one or more machines, with torch's `DistributedDataParallel`.

`torchrun` starts them. They have no use for `fit`, so this is a training loop of its own, with
torch's checkpoints.
"""

import argparse
import os

os.environ["KERAS_BACKEND"] = "torch"  # before the first import of Keras

import numpy as np

from examples.arguments import needed

with needed("torch"):
    import torch
    from torch import distributed
    from torch.nn.parallel import DistributedDataParallel

from examples.distributed import task


def main() -> None:
    """The program."""
    parser = task.arguments(__doc__)
    given = parser.parse_args()
    if "RANK" not in os.environ:
        parser.error(
            "start it by torchrun: torchrun --nproc-per-node 2 -m examples.distributed.ddp ..."
        )
    distributed.init_process_group("gloo")
    train(task.chosen(parser, given, distributed.get_world_size()), given)
    distributed.destroy_process_group()


def train(chosen: task.Task, given: argparse.Namespace) -> None:
    """Trains from the last checkpoint on; the first worker writes one after each epoch."""
    rank, workers = distributed.get_rank(), distributed.get_world_size()
    model, loss = task.model_of(chosen), chosen.loss()
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    checkpoint = given.folder / "checkpoint.pt"
    done = 0
    if checkpoint.exists():
        kept = torch.load(checkpoint)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        done = kept["epoch"]
    # torchrun gives the same arguments when it starts all again: then nobody is to die.
    first_try = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0"
    given.folder.mkdir(parents=True, exist_ok=True)

    if done >= given.epochs:
        task.tell_nothing_left(given)
    for epoch in range(done + 1, given.epochs + 1):
        losses = []
        for start in range(0, len(chosen.x), given.batch):
            own = slice(start + rank, start + given.batch, workers)
            x, y = torch.from_numpy(chosen.x[own]), torch.from_numpy(chosen.y[own])
            optimizer.zero_grad()
            value = loss(y, parallel(x))
            value.backward()  # leaves the mean of the workers' gradients in each of them
            optimizer.step()
            value = value.detach()
            distributed.all_reduce(value, distributed.ReduceOp.AVG)
            losses.append(value.item())
            if first_try and rank == workers - 1:
                task.die_if_asked(given, epoch)
        if rank == 0:
            unfinished = checkpoint.with_suffix(".part")
            torch.save(
                {
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "epoch": epoch,
                },
                unfinished,
            )
            unfinished.replace(checkpoint)
            task.tell(epoch, np.mean(losses))
    if rank == 0:
        task.save(model, given.folder)


if __name__ == "__main__":
    main()
