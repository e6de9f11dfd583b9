rule figures:
    input:
        summary=SUMMARY_DIGEST,
    output:
        folder=report(
            directory(FIGURES),
            patterns=["{figure}.svg"],
            caption="../report/snakemake/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        digest=FIGURES_DIGEST,
    log:
        f"{RESULTS}/logs/figures.log",
    params:
        summary=subpath(input.summary, parent=True),
        code=program_hash(
            "workflow/scripts/figures.py", "workflow/scripts/digest.py", data=ENVIRONMENT_FILES
        ),
    shell:
        "(python workflow/scripts/figures.py --summary {params.summary:q} --output {output.folder:q}"
        " && python workflow/scripts/digest.py {output.folder:q} > {output.digest:q})"
        " > {log:q} 2>&1"


rule report:
    input:
        summary=SUMMARY_DIGEST,
        figures=FIGURES_DIGEST,
        films=film_files(*FILM_FILES),
        verification=VERIFICATION_FILE,
    output:
        [
            report(
                file,
                caption="../report/snakemake/page.rst",
                category="Report",
                labels={"file": Path(file).name},
            )
            for file in REPORT_FILES
        ],
    log:
        f"{RESULTS}/logs/report.log",
    params:
        summary=subpath(input.summary, parent=True),
        figures=subpath(input.figures, strip_suffix=".sha256"),
        folder=subpath(output[0], parent=True),
        code=program_hash(
            "workflow/scripts/report.py",
            data=[
                *ENVIRONMENT_FILES,
                "envs/assets/noise_chances.csv",
                "docs/tasks/*.png",
                "workflow/report/**/*.*",
            ],
        ),
    shell:
        "python workflow/scripts/report.py --summary {params.summary:q} --figures {params.figures:q}"
        " --films {params.folder:q}/films --output {params.folder:q} > {log:q} 2>&1"
