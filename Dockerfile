# The whole of Snakemake runs in this one image:
#
#   docker build --tag plan2explore .
#   docker run --rm --gpus all --user $(id -u):$(id -g) -v $PWD:/bench plan2explore snakemake --cores all
#
# Torch brings its own CUDA libraries: a CUDA base image would hold them twice. Any base with
# Python 3.11, its headers (for `agent.compiled`), its venv module and apt will do. A tag can be moved to another image: to pin its very
# contents, `docker buildx imagetools inspect python:3.11-slim-bookworm` shows the digest, and
# --build-arg BASE_IMAGE=python:3.11-slim-bookworm@sha256:... takes it.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# git: the commit that goes into every manifest, and DVC. libegl1, libgl1: rendering, on the GPU;
# libgl1-mesa-dri: and without one. g++: `agent.compiled` compiles its programs when training starts,
# C++ for a CPU, and C that launches the kernels for a GPU.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        g++ git libegl1 libgl1 libgl1-mesa-dri make \
    && rm -rf /var/lib/apt/lists/*

# An environment of its own, because a distribution's Python may refuse to be installed into.
# --build-arg REQUIREMENTS=requirements-dev.txt makes an image that can also run the tests.
ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-dev.txt /image/
RUN python3 -m venv /image/venv \
    && /image/venv/bin/python -m pip install --no-cache-dir --requirement /image/${REQUIREMENTS}

COPY workflow/entrypoint.sh /image/entrypoint.sh

# Any user may run the image: the caller's number, so that results belong to the caller. It has no
# name in the image, and DVC and git want one.
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
