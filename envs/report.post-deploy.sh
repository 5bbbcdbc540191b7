#!/usr/bin/env bash
# Snakemake runs this in the new environment, from the top of the clone.
set -euo pipefail
pip install --no-deps --quiet .
