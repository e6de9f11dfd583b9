# A description of the suite, for the aggregation and for readers.
rule describe_suite:
    output:
        SUITE_FILE,
    log:
        f"{RESULTS}/logs/describe_suite.log",
    params:
        parameters=compact(of_suite(config)),
        # With `group_size: auto` these depend on the machine too.
        group_sizes=compact(group_sizes(config)),
        code=program_hash("workflow/scripts/suite.py", data=ENVIRONMENT_FILES),
    shell:
        "python workflow/scripts/suite.py --parameters {params.parameters:q} --output {output:q}"
        " > {log:q} 2>&1"


# The tables of all runs of the suite. They may be large, so later rules depend on their digest.
rule aggregate:
    input:
        run_files(MANIFEST, FINAL_SCORES),
        suite=SUITE_FILE,
    output:
        tables=[
            (
                report(
                    file,
                    caption="../report/snakemake/table.rst",
                    category="Tables",
                    labels={"table": Path(file).name},
                )
                if Path(file).name in REPORTED_TABLES
                else file
            )
            for file in SUMMARY_FILES
        ],
        digest=SUMMARY_DIGEST,
    log:
        f"{RESULTS}/logs/aggregate.log",
    params:
        results=subpath(input.suite, ancestor=2),
        code=program_hash("workflow/scripts/aggregate.py", "workflow/scripts/digest.py"),
    shell:
        "(python workflow/scripts/aggregate.py --results {params.results:q} --config {input.suite:q}"
        " && python workflow/scripts/digest.py {input.suite:q} {output.tables:q} > {output.digest:q})"
        " > {log:q} 2>&1"
