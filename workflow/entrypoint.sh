#!/usr/bin/env bash
# Runs the command it is given, and ends it as Ctrl-C would when the container is stopped. Without
# this `docker stop` lets Snakemake wait for its jobs until everything is killed; their states are
# kept either way, but an interrupted Snakemake also gives its lock back.
set -u
# Job control: without it a command in the background ignores SIGINT, and has no group of its own.
set -m
"$@" &
command=$!
trap 'kill -INT -- "-$command"' TERM INT
# A trapped signal ends `wait`, not the command.
while true; do
    wait "$command"
    status=$?
    kill -0 "$command" 2> /dev/null || exit "$status"
done
