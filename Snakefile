# The benchmark, from params.yaml to reports/<suite>/index.html: a table of contents.
#
#   snakemake --cores all                                              the core suite
#   snakemake --cores all --configfile workflow/suites/demo.yaml       another suite, the same rules


from snakemake.utils import min_version

min_version("9.27.1")


configfile: "params.yaml"


# The first page of `snakemake --report report.zip`.
report: "workflow/report/snakemake/workflow.rst"


# The image of all jobs, built from the Dockerfile; used with `--sdm apptainer` only.
container: "benchmark.sif"


include: "workflow/rules/common.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/aggregate.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/report.smk"


localrules:
    all,
    describe_suite,
    aggregate,
    verify,
    figures,
    report,


# Says what is being trained, how far each run is, and when all will be trained.
onstart:
    report_progress(workflow, RUNS, RESULTS)


# All files are listed here, intermediate ones too: Snakemake makes a missing intermediate file again
# only if it is requested.
rule all:
    default_target: True
    input:
        run_files(*TRAINED, FINAL_SCORES),
        SUITE_FILE,
        SUMMARY_FILES,
        SUMMARY_DIGEST,
        VERIFICATION_FILE,
        FIGURES,
        FIGURES_DIGEST,
        film_files(*FILM_FILES),
        REPORT_FILES,
