import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raywidget.engine.film.tiles import make_tiles, order_centre_out
from raywidget.engine.session.schedule import Schedule

TILES = make_tiles(100, 60, 20)
ORDER = order_centre_out(TILES, 100, 60)


def schedule(targets=(1, 2, 4), spp=None, **options):
    return Schedule(TILES, ORDER, targets, spp or [0] * len(TILES), **options)


def run(plan, take=Schedule.take):
    """Do all jobs in turn."""
    jobs = []
    while (job := take(plan)) is not None:
        jobs.append(job)
        plan.give_back(job, job.target)
    return jobs


def test_every_tile_of_every_pass_once_pass_by_pass_centre_first():
    jobs = run(schedule())
    assert [(j.pass_index, j.tile.index) for j in jobs] == [(p, i) for p in range(3) for i in ORDER]
    assert {(j.first, j.target) for j in jobs} == {(0, 1), (1, 2), (2, 4)}


def test_a_tile_is_worked_on_by_one_at_a_time_without_a_barrier():
    plan = schedule()
    first = [plan.take() for _ in TILES]
    assert plan.take() is None
    assert not plan.finished
    plan.give_back(first[3], 1)
    assert plan.take() == ((first[3].tile,), 1, 1, 2)  # the next pass, though others are still busy
    assert plan.take() is None


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("hold", [False, True])
def test_tiles_taken_together_are_those_that_come_next(workers, hold):
    plan = schedule(hold_passes=hold)
    plan.allow_pass(2)
    jobs = run(plan, lambda plan: plan.take_together(4 * 400.0, workers))
    order = [(j.pass_index, tile.index) for j in jobs for tile in j.tiles]
    assert order == [(p, i) for p in range(3) for i in ORDER]
    assert all(len(j.tiles) * 400 * (j.target - j.first) <= 4 * 400 for j in jobs)
    assert max(len(j.tiles) for j in jobs) == {1: 4, 2: 4, 7: 2}[workers]
    assert plan.finished
    assert plan.passes_done == 3


def test_tiles_taken_together_leave_something_for_others():
    plan = schedule((1,))
    sizes = []
    while (job := plan.take_together(1e9, 2)) is not None:
        sizes.append(len(job.tiles))  # nothing is given back: what is left is what is ready
    assert sizes == [5, 4, 2, 2, 1, 1]
    held = schedule((1, 2), hold_passes=True)
    first = held.take_together(1e9, 1)
    assert first.tiles == tuple(TILES[i] for i in ORDER)
    held.give_back(first, 1)
    assert held.take_together(1e9, 1) is None
    held.allow_pass(1)
    assert len(held.take_together(1e9, 1).tiles) == len(TILES)


def test_a_tile_that_takes_long_is_taken_alone():
    plan = schedule((1, 9))
    assert len(plan.take_together(3 * 400.0, 1).tiles) == 3
    assert len(plan.take_together(0.0, 1).tiles) == 1  # nothing is known of how long they take
    assert len(plan.take_together(300.0, 1).tiles) == 1
    jobs = run(plan, lambda plan: plan.take_together(3 * 400.0, 1))
    assert {len(j.tiles) for j in jobs if j.first == 1} == {1}


def test_tiles_that_differ_are_not_taken_together():
    spp = [1] + [0] * 4 + [1] * (len(TILES) - 5)
    plan = schedule((2, 4), spp=spp)
    jobs = run(plan, lambda plan: plan.take_together(1e9, 1))
    assert {spp[tile.index] for j in jobs if j.first < 2 for tile in j.tiles if j.first == 1} == {1}
    assert all({spp[t.index] for t in j.tiles} == {j.first} for j in jobs if j.target == 2)
    plan = schedule((2, 4))
    plan.prefer([3, 4])
    assert {tile.index for tile in plan.take_together(1e9, 1).tiles} == {3, 4}


def test_unfinished_work_comes_back():
    plan = schedule((8,))
    job = plan.take()
    plan.give_back(job, 5)
    jobs = run(plan)
    assert [(j.first, j.target) for j in jobs if j.tile == job.tile] == [(5, 8)]
    assert len(jobs) == len(TILES)
    assert plan.finished


def test_tiles_that_have_samples_begin_where_they_are():
    spp = [0, 1, 2, 3, 4, 7] + [4] * (len(TILES) - 6)
    jobs = run(schedule(spp=spp))
    firsts = {}
    for job in jobs:
        firsts.setdefault(job.tile.index, []).append((job.pass_index, job.first))
    assert firsts == {
        0: [(0, 0), (1, 1), (2, 2)],
        1: [(1, 1), (2, 2)],
        2: [(2, 2)],
        3: [(2, 3)],
    }
    assert schedule(spp=[4] * len(TILES)).finished


def test_passes_can_be_held():
    plan = schedule(hold_passes=True)
    assert {j.pass_index for j in run(plan)} == {0}
    assert not plan.finished
    plan.allow_pass(1)
    assert {j.pass_index for j in run(plan)} == {1}
    plan.allow_pass(0)  # is no step back
    plan.allow_pass(2)
    assert {j.pass_index for j in run(plan)} == {2}
    assert plan.finished


def test_held_passes_begin_with_the_first_that_has_work():
    plan = schedule(spp=[2] * len(TILES), hold_passes=True)
    assert {j.pass_index for j in run(plan)} == {2}


@given(
    st.lists(
        st.tuples(st.sampled_from(["take", "together", "give", "extend"]), st.integers(0, 99)),
        max_size=200,
    )
)
def test_whatever_happens_every_tile_reaches_the_goal(steps):
    plan, busy, spp = schedule(), [], [0] * len(TILES)
    targets = [1, 2, 4]

    def end(job, reached):
        for tile in job.tiles:
            spp[tile.index] = reached
        plan.give_back(job, reached)

    for what, number in steps:
        together = number * 400.0 if what == "together" else 0.0
        if what in ("take", "together") and (job := plan.take_together(together, 2)) is not None:
            assert {spp[tile.index] for tile in job.tiles} == {job.first}
            assert job.first < job.target
            assert not {*job.tiles} & {tile for j in busy for tile in j.tiles}
            busy.append(job)
        elif what == "give" and busy:
            job = busy.pop(number % len(busy))
            end(job, job.first + number % (job.target - job.first + 1))
        elif what == "extend" and targets[-1] < 20:
            plan.extend([targets[-1] + 1, targets[-1] + 3])
            targets += [targets[-1] + 1, targets[-1] + 3]
    for job in busy:
        end(job, job.target)
    for job in run(plan):
        assert job.first == spp[job.tile.index]
        assert job.target in targets
        spp[job.tile.index] = job.target
    assert spp == [targets[-1]] * len(TILES)
    assert plan.finished
    assert plan.targets == tuple(targets)


def test_the_end_is_when_nobody_works_any_more():
    plan = schedule((1,))
    jobs = [plan.take() for _ in TILES]
    for job in jobs:
        assert not plan.finished
        plan.give_back(job, 1)
    assert plan.finished


@pytest.mark.parametrize("hold", [False, True])
def test_more_samples_after_the_end(hold):
    plan = schedule((1, 2), hold_passes=hold)
    plan.allow_pass(1)
    run(plan)
    plan.extend((3, 5))
    plan.allow_pass(3)
    assert [(j.pass_index, j.first, j.target) for j in run(plan)][:: len(TILES)] == [
        (2, 2, 3),
        (3, 3, 5),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_passes_are_counted_as_by_hand(seed):
    random = np.random.default_rng(seed)
    tiles = make_tiles(64, 48, 16)
    targets = sorted(random.choice(np.arange(1, 40), 9, replace=False).tolist())
    spp = random.integers(0, 4, len(tiles)).tolist()
    schedule = Schedule(tiles, range(len(tiles)), targets, spp)
    done = [schedule.passes_done]
    while (job := schedule.take()) is not None:
        # As far as the pass, less far if it was broken off, or further.
        spp[job.tile.index] = int(random.integers(job.first, targets[-1] + 1))
        schedule.give_back(job, spp[job.tile.index])
        done.append(schedule.passes_done)
        assert done[-1] == sum(min(spp) >= target for target in targets)
    assert done == sorted(done)
    assert done[-1] == len(targets)
    schedule.extend([50, 60])
    assert schedule.passes_done == len(targets)
