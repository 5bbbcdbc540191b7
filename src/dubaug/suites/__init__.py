"""The suites of downstream tasks, one file each; `registry` finds them."""
