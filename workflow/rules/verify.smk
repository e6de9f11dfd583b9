# What is published stands in `params` by its contents: it may be absent, and it may be large.
# Nothing fails here; `verify.py --check` does, in DVC's last stage, when there is a report to look at.
rule verify:
    input:
        summary=SUMMARY_DIGEST,
    output:
        VERIFICATION_FILE,
    log:
        f"{RESULTS}/logs/verify.log",
    params:
        summary=subpath(input.summary, parent=True),
        published=f"published/{SUITE}",
        contents=code_hash(
            f"published/{SUITE}/statistics.json", f"published/{SUITE}/summary/runs.csv"
        ),
        code=program_hash("workflow/scripts/verify.py", data=ENVIRONMENT_FILES),
    shell:
        "python workflow/scripts/verify.py --summary {params.summary:q}"
        " --published {params.published:q} > {log:q} 2>&1"
