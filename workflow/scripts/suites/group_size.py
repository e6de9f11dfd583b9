"""How many seeds of a case are trained together in one process."""

from program.command_line import choose_device
from suites.parameter_errors import Parameters
from suites.variants import base_algorithm

AUTO = "auto"
# With `auto` on a CPU: the size that takes the least time a seed on one core, as measured with
# `python benchmarks/throughput.py --suite core`. An algorithm that is not here has groups of one.
ON_A_CPU = {"sac": 1, "mbpo": 1, "plan2explore": 5, "trpo": 5}


def group_sizes(parameters: Parameters) -> dict[str, int]:
    """The group size of each case of a suite with checked parameters.

    With `auto`: all seeds on a GPU, what was measured to be fastest on a CPU.
    """
    size, count = parameters["seeds"]["group_size"], int(parameters["seeds"]["count"])
    cases = list(parameters["algorithms"])
    if size != AUTO:
        return dict.fromkeys(cases, int(size))
    if trains_on_gpu(parameters):
        return dict.fromkeys(cases, count)
    return {case: min(ON_A_CPU.get(base_algorithm(case), 1), count) for case in cases}


def trains_on_gpu(parameters: Parameters) -> bool:
    """Whether the runs will be trained on a GPU.

    `device: auto` means one if this machine has one, also where the jobs run on other machines.
    """
    device = parameters.get("device", "auto")
    # A machine that only submits the jobs need not have the GPU that `cuda` asks for.
    return device == "cuda" or (device == "auto" and choose_device("auto").type == "cuda")
