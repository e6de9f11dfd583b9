# The published files are in `params` as a hash, not in `input`: they may be absent or large.
# This rule never fails; `verify.py --check` does, in DVC's last stage, after the report is written.
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
        contents=code_hash(f"published/{SUITE}/statistics.json", f"published/{SUITE}/{RUNS_TABLE}"),
        code=program_hash("workflow/scripts/verify.py", data=ENVIRONMENT_FILES),
    shell:
        "python workflow/scripts/verify.py --summary {params.summary:q}"
        " --published {params.published:q} > {log:q} 2>&1"
