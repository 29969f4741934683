"""This file is a program that writes a small, untrained model of a package to a path: `NAME PATH`.

It runs under the Python that has the package, and imports nothing of ours.
"""

import sys
from pathlib import Path


def mace(path: Path) -> None:
    import mace  # noqa: F401 (before e3nn, whose constants torch loads only after it)
    import numpy as np
    import torch
    from e3nn import o3
    from mace import modules

    torch.set_default_dtype(torch.float64)
    network = modules.ScaleShiftMACE(
        r_max=4.0,
        num_bessel=4,
        num_polynomial_cutoff=5,
        max_ell=1,
        interaction_cls=modules.interaction_classes["RealAgnosticResidualInteractionBlock"],
        interaction_cls_first=modules.interaction_classes["RealAgnosticResidualInteractionBlock"],
        num_interactions=2,
        num_elements=2,
        hidden_irreps=o3.Irreps("8x0e"),
        MLP_irreps=o3.Irreps("4x0e"),
        atomic_energies=np.array([-3.0, -4.0]),
        avg_num_neighbors=18.0,
        atomic_numbers=[28, 29],
        correlation=1,
        gate=torch.nn.functional.silu,
        atomic_inter_scale=0.1,
        atomic_inter_shift=0.0,
    )
    torch.save(network, path)


def orb(path: Path) -> None:
    import torch
    from orb_models.forcefield import pretrained
    from orb_models.forcefield.atomic_system import SystemConfig

    system = SystemConfig(radius=6.0, max_num_neighbors=120)
    network = pretrained.orb_v3_conservative_architecture(device="cpu", system_config=system)
    torch.save(network.state_dict(), path)


def mattersim(path: Path) -> None:
    import torch
    from mattersim.forcefield.m3gnet.m3gnet import M3Gnet

    sizes = {"num_blocks": 1, "units": 16, "max_l": 2, "max_n": 2, "cutoff": 5.0, "threebody_cutoff": 4.0, "max_z": 94}
    network = M3Gnet(device="cpu", **sizes)
    torch.save({"model_name": "m3gnet", "model_args": sizes, "model": network.state_dict()}, path)


def matgl(path: Path) -> None:
    from matgl.apps.pes import Potential
    from matgl.models import M3GNet

    network = M3GNet(element_types=("Ni", "Cu"), nblocks=1, dim_node_embedding=8, dim_edge_embedding=8, units=8)
    Potential(network, calc_stresses=True).save(path)


if __name__ == "__main__":
    import torch

    torch.manual_seed(0)
    globals()[sys.argv[1]](Path(sys.argv[2]))
