# One job per environment, algorithm and group of seeds. A killed job resumes from the state folder,
# which is not an output: Snakemake deletes the outputs of jobs that were killed or failed.
rule train:
    output:
        TRAINED_FILES,
    log:
        f"{RESULTS}/logs/{RUN_FOLDER}/train.log",
    benchmark:
        f"{RESULTS}/benchmarks/{RUN_FOLDER}/train.tsv"
    retries: 2
    threads: 1
    resources:
        gpu=GPUS,
        mem_mb=lambda _, attempt: attempt * TRAINING_MEMORY_MB,
        runtime=training_minutes,
    params:
        arguments=lambda wildcards: run_of(wildcards).arguments,
        folder=subpath(output[0], parent=True),
        state=f"{RESULTS}/state/{RUN_FOLDER}",
        code=algorithm_hash("workflow/scripts/train.py"),
    shell:
        "python workflow/scripts/train.py {params.arguments} --threads {threads}"
        " --output {params.folder:q} --state {params.state:q} > {log:q} 2>&1"
