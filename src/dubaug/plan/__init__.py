"""What a run would take: jobs as Snakemake counts them, times from measured rates, disk."""
