"""What comes with the end of a tile's pass, of everybody's pass, and of the render."""

from __future__ import annotations

import time

from raywidget.engine.film.film import FilmState
from raywidget.engine.session.run import DONE, Run
from raywidget.engine.session.schedule import Job
from raywidget.engine.session.stage import Stage
from raywidget.picture.noise import relative_noise
from raywidget.picture.rows import MadeRows

MEASURE_EVERY = 0.5  # seconds

# Pixels of a picture that is made as a whole to measure its noise, 24 bytes each: row by row, it
# takes 1.7 times as long.
_WHOLE = 1 << 20


def end_job(stage: Stage, run: Run, job: Job, spp: int) -> None:
    """Tell of tiles that have `spp` samples now, and of what ends with them."""
    assert run.renderer is not None
    assert run.schedule is not None
    splats = run.renderer.makes_splats
    if spp == run.schedule.targets[job.pass_index]:  # a job may be a part of a pass
        last = spp == run.settings.spp or run.settings.looks_at_noise(spp)
        stage.tell_tiles(run, job.pass_index, job.tiles, spp, not (splats and last))
    else:
        stage.tell_part(run)
    with stage.lock:
        run.schedule.give_back(job, spp)
        passes = run.schedule.passes_done
        measure = passes > run.passes_measured
        if not measure and not splats:  # most tiles
            done = _conclude(stage, run)
        else:
            run.passes_measured = max(run.passes_measured, passes)
            run.closing += measure
            if stage.idle:  # they needn't wait for the noise to be measured
                stage.changed.notify_all()
    if measure or splats:
        done = _end_pass(stage, run, passes if measure else 0, splats and spp != job.target)
    if done or spp != job.target:  # the end, or whole samples of a pass that was broken off
        stage.tell_state()


def measure_noise(stage: Stage, run: Run, passes: int) -> None:
    """All tiles have finished so many: how much noise is left, and is it little enough?"""
    assert run.schedule is not None
    spp = run.schedule.targets[passes - 1]
    looks = run.settings.looks_at_noise(spp)
    ends = spp == run.settings.spp and spp > 1
    noise = None
    # Not after each of many, nor more often than anybody reads it.
    early = spp < max(4, 2 * run.spp_measured) or time.monotonic() < run.measured_at + MEASURE_EVERY
    due = ends or not early
    measured = looks or (due and stage.listeners.on_state is not None)
    if measured:
        noise = _noise_of(run.film.state())
    with stage.lock:
        if measured and spp >= run.spp_measured:  # else a later pass was measured meanwhile
            run.noise, run.spp_measured, run.measured_at = noise, spp, time.monotonic()
        elif due and not measured:
            run.spp_to_measure = spp
        goal = run.settings.noise
        enough = looks and goal is not None and noise is not None and noise <= goal
        if enough:
            run.schedule.finish_early()
            run.settings = run.settings.replace(spp=spp)
    if goal is None or enough:
        return
    assert run.renderer is not None
    if looks and spp < run.settings.spp and run.renderer.makes_splats:
        _tell_again(stage, run)  # it might have been the end
    with stage.lock:
        run.noise_allows = max(run.noise_allows, passes)
        stage.open_gates(run)


def catch_up_on_noise(stage: Stage) -> None:
    """Measure what was left until somebody asks: a fiftieth of a simple scene's 64 spp."""
    with stage.lock:
        run = stage.run
        spp, run.spp_to_measure = run.spp_to_measure, 0
        state = run.film.state() if spp > run.spp_measured else None
    if state is not None:
        noise = _noise_of(state)
        with stage.lock:
            if spp > run.spp_measured:
                run.noise, run.spp_measured = noise, spp


def _noise_of(state: FilmState) -> float | None:
    if state.height * state.width <= _WHOLE:
        return relative_noise(state.pixels(), state.variance())
    return relative_noise(
        MadeRows(state.height, state.width, state.rows_of_pixels),
        MadeRows(state.height, state.width, state.rows_of_variance),
    )


def _end_pass(stage: Stage, run: Run, passes: int, renew: bool) -> bool:
    """What comes with the last tile of a pass, or with splats; does it end the render?

    `passes` is how many have been finished with it, or 0.
    """
    assert run.renderer is not None
    assert run.schedule is not None
    if passes:  # by whoever has finished the last tile of a pass
        measure_noise(stage, run, passes)
    splats = run.renderer.makes_splats
    with stage.lock:
        run.closing -= passes > 0
        settle = splats and run.schedule.finished and not run.settled and run.closing == 0
        run.closing += settle
    if settle:
        _settle(stage, run)
    elif renew:
        run.film.renew_versions()
    with stage.lock:
        return _conclude(stage, run)


def _conclude(stage: Stage, run: Run) -> bool:
    """A job has ended; does that end the render? The lock is held."""
    done_before = stage.state == DONE
    if run is stage.run:
        stage.finish_if_done()
    if stage.idle:  # the next pass of this tile may be a job for them
        stage.changed.notify_all()
    return stage.state == DONE and not done_before


def _settle(stage: Stage, run: Run) -> None:
    """All samples are taken: the first tiles have got light from the last ones since."""
    _tell_again(stage, run)
    with stage.lock:
        run.settled = True
        run.closing -= 1


def _tell_again(stage: Stage, run: Run) -> None:
    assert run.schedule is not None
    last = run.schedule.passes_done - 1
    run.film.renew_versions()
    stage.tell_tiles(run, last, run.film.tiles, run.schedule.targets[last], True)
