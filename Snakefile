# The benchmark, from params.yaml to reports/<suite>/index.html: a table of contents.
#
#   snakemake --cores all                                              the published suite
#   snakemake --cores all --configfile workflow/suites/demo.yaml       other numbers, the same rules


configfile: "params.yaml"


# What `snakemake --report report.zip` begins with.
report: "workflow/report/workflow.rst"


# All jobs run in one image, built from the Dockerfile; only `--sdm apptainer` makes use of this.
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


# Everything is named here, also what is only an intermediate result: Snakemake makes a missing
# intermediate again only when something asks for it.
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
