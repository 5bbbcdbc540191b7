import random

from plan_factory import make_job

from dubaug.plan.jobs import PlannedJob, longest_chain


def _chain(*names: str) -> dict[str, tuple[str, ...]]:
    return {"inputs": names[:-1], "outputs": names[-1:]}


def test_the_longest_chain_is_the_longest_in_time_not_in_jobs() -> None:
    jobs = [
        make_job("last", **_chain("b", "c", "end")),
        make_job("first", **_chain("a")),
        make_job("short", **_chain("a", "b")),
        make_job("long", **_chain("a", "c")),
        make_job("apart", **_chain("z")),
    ]
    length_s, chain = longest_chain(jobs, [2.0, 1.0, 3.0, 10.0, 12.0])
    assert length_s == 13.0
    assert [job.rule for job in chain] == ["first", "long", "last"]
    assert longest_chain(jobs, [2.0, 1.0, 3.0, 10.0, 13.5])[1] == (jobs[4],)


def test_no_jobs_take_no_time() -> None:
    assert longest_chain([], []) == (0.0, ())


def test_the_longest_chain_equals_that_found_by_trying_all_chains() -> None:
    rng = random.Random(5)
    for _ in range(30):
        count = rng.randint(1, 8)
        jobs = [
            make_job(f"r{n}", outputs=(f"f{n}",), inputs=tuple(f"f{m}" for m in range(n) if rng.random() < 0.4))
            for n in range(count)
        ]
        seconds = {job.rule: rng.randint(0, 9) + 0.0 for job in jobs}

        def all_chains(job: PlannedJob, jobs: list[PlannedJob] = jobs) -> list[list[PlannedJob]]:
            before = [other for other in jobs if set(other.outputs) & set(job.inputs)]
            return [[job]] + [[*chain, job] for other in before for chain in all_chains(other)]

        longest = max(sum(seconds[job.rule] for job in chain) for job in jobs for chain in all_chains(job))
        rng.shuffle(jobs)
        length_s, chain = longest_chain(jobs, [seconds[job.rule] for job in jobs])
        assert length_s == longest == sum(seconds[job.rule] for job in chain)
