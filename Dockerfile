# Snakemake and all its jobs run in this image:
#
#   docker build --tag plan2explore .
#   docker run --rm --gpus all --user $(id -u):$(id -g) -v $PWD:/bench plan2explore snakemake --cores all
#
# Torch brings its own CUDA libraries: a CUDA base image would hold them twice. Any base with
# Python 3.11, its headers (for torch.compile), its venv module and apt will do. A tag can be moved to another image: to pin its very
# contents, `docker buildx imagetools inspect python:3.11-slim-bookworm` shows the digest, and
# --build-arg BASE_IMAGE=python:3.11-slim-bookworm@sha256:... takes it.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# git: for the commit in every manifest, and for DVC. libegl1, libgl1: rendering on a GPU;
# libgl1-mesa-dri: rendering without one. g++: `training.compiled` compiles when training starts, C++
# for a CPU, and the C code that launches kernels for a GPU.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        g++ git libegl1 libgl1 libgl1-mesa-dri make \
    && rm -rf /var/lib/apt/lists/*

# A virtual environment, because pip may refuse to install into a distribution's Python.
# --build-arg REQUIREMENTS=requirements-dev.txt builds an image that can also run the tests.
ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-dev.txt /image/
RUN python3 -m venv /image/venv \
    && /image/venv/bin/python -m pip install --no-cache-dir --requirement /image/${REQUIREMENTS}

COPY workflow/entrypoint.sh /image/entrypoint.sh

# Any user id may run the image, so that results belong to the caller. Such an id has no name in the
# image, but DVC and git need a user name.
RUN useradd --create-home --uid 1000 bench \
    && chmod 1777 /home/bench \
    && git config --system --add safe.directory /bench
ENV PATH=/image/venv/bin:$PATH \
    HOME=/home/bench USER=bench LOGNAME=bench \
    MUJOCO_GL=egl \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics

USER bench
WORKDIR /bench
ENTRYPOINT ["/image/entrypoint.sh"]
CMD ["snakemake", "--cores", "all"]
