# Clips: 16 frames and the log-mels of every track, stored once. Each job takes a batch of titles.
rule shards:
    input:
        titles=RESULTS / "corpus/titles.csv",
        alignment=RESULTS / "corpus/alignment.csv",
    output:
        manifest=RESULTS / "shards/batch{batch}.json",
        rejected=RESULTS / "corpus/rejected/shards{batch}.csv",
    log:
        RESULTS / "logs/shards{batch}.log",
    benchmark:
        RESULTS / "benchmarks/shards{batch}.tsv"
    conda:
        "../../envs/media.yaml"
    threads: 2
    resources:
        mem_mb=8000,
        runtime="12h",
    params:
        config=RESOLVED,
        experiment=shards_digest(),
        batches=EXPERIMENT.clips.batches,
        out_dir=RESULTS / "shards",
    shell:
        "dubaug shards --config {params.config:q} --titles {input.titles:q} --alignment {input.alignment:q}"
        " --batch {wildcards.batch:q} --batches {params.batches:q} --out-dir {params.out_dir:q}"
        " --manifest {output.manifest:q} --rejected {output.rejected:q} --jobs {threads} 2> {log:q}"


rule clip_index:
    input:
        titles=RESULTS / "corpus/titles.csv",
        manifests=collect(
            RESULTS / "shards/batch{batch}.json", batch=range(EXPERIMENT.clips.batches)
        ),
        rejected=[
            RESULTS / "corpus/rejected/catalogue.csv",
            *collect(
                RESULTS / "corpus/rejected/{stage}{batch}.csv",
                stage=["alignment", "shards"],
                batch=range(EXPERIMENT.clips.batches),
            ),
        ],
    output:
        index=RESULTS / "corpus/clips.json",
        rejected=RESULTS / "corpus/rejected.csv",
    log:
        RESULTS / "logs/clip_index.log",
    benchmark:
        RESULTS / "benchmarks/clip_index.tsv"
    conda:
        "../../envs/media.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    shell:
        "dubaug index --titles {input.titles:q} --manifests {input.manifests:q} --rejected {input.rejected:q}"
        " --out {output.index:q} --rejected-out {output.rejected:q} 2> {log:q}"
