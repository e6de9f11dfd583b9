# The input is the manifest, which holds the policy's SHA-256, and not the policy: Snakemake compares
# files of more than a megabyte by date, and a fresh checkout does not preserve dates.
rule evaluate:
    input:
        f"{RESULTS}/runs/{RUN_FOLDER}/{MANIFEST}",
    output:
        f"{RESULTS}/runs/{RUN_FOLDER}/{FINAL_SCORES}",
    log:
        f"{RESULTS}/logs/{RUN_FOLDER}/evaluate.log",
    benchmark:
        f"{RESULTS}/benchmarks/{RUN_FOLDER}/evaluate.tsv"
    threads: 1
    resources:
        mem_mb=EVALUATION_MEMORY_MB,
        runtime=EVALUATION_MINUTES,
    params:
        run=subpath(input[0], parent=True),
        episodes=config["evaluation"]["final_episodes"],
        code=algorithm_hash("workflow/scripts/evaluate.py"),
    shell:
        "python workflow/scripts/evaluate.py --run {params.run:q} --episodes {params.episodes}"
        " > {log:q} 2>&1"


# A film of the median episode of the median seed, rendered if the machine can, else drawn as a path.
rule film:
    input:
        final_scores_of_case,
    output:
        report(
            f"{FILM_FOLDER}/{FILM}",
            caption="../report/snakemake/film.rst",
            category="Films",
            labels={"task": "{environment}", "algorithm": "{algorithm}"},
        ),
        [f"{FILM_FOLDER}/{name}" for name in FILM_FILES[1:]],
    log:
        f"{RESULTS}/logs/{{environment}}/{{algorithm}}/film.log",
    threads: 1
    params:
        runs=lambda _, input: [str(Path(scores).parent) for scores in input],
        folder=subpath(output[0], parent=True),
        code=algorithm_hash("workflow/scripts/film.py"),
    shell:
        "python workflow/scripts/film.py --runs {params.runs:q} --output {params.folder:q}"
        " > {log:q} 2>&1"
