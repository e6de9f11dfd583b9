"""The scale on which rewards are predicted."""

import torch

from p2e.nn.normalizers import symexp, symlog


def test_symexp_inverts_symlog() -> None:
    x = torch.tensor([-1000.0, -16.2, -1.0, 0.0, 0.5, 100.0], dtype=torch.float64)
    torch.testing.assert_close(symexp(symlog(x)), x)
    assert symlog(torch.tensor(0.0)) == 0
    torch.testing.assert_close(symlog(torch.tensor(-1.7182818)), torch.tensor(-1.0))
