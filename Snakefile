# dubaug: from a folder of dubbed films to every table and figure of "Looking Similar, Sounding Different"
# (arXiv 2304.05600). `snakemake all_tables` runs the demo; `snakemake --profile slurm all_tables` the paper's scale.
from snakemake.utils import min_version

min_version("9.27")


# Only with `--sdm apptainer`: every rule's command runs in this image (docs/containers.md).
container: "envs/dubaug.sif"


include: "workflow/rules/common.smk"
include: "workflow/rules/digests.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/demo.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/alignment.smk"
include: "workflow/rules/shards.smk"
include: "workflow/rules/separation.smk"
include: "workflow/rules/pretrain.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/probe.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/comparisons.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/tracking.smk"


localrules:
    all,
    all_tables,
    all_figures,
    all_report,
    all_hear,


rule all:
    default_target: True
    input:
        TABLES,
        COMPARISONS,
        CLAIMS,
        FIGURES,
        PAGE,


rule all_tables:
    input:
        TABLES,
        COMPARISONS,
        CLAIMS,


rule all_figures:
    input:
        FIGURES,


rule all_report:
    input:
        PAGE,


rule all_hear:
    input:
        result_files(suites=["hear"]),
