import numpy as np

from edge.detection.alarm_rate import rate_bound
from sed.tuning.promise import CrossFit

HOURS = np.full(20, 0.05)


def made(seed: int) -> CrossFit:
    """Two classes of 40 candidates: the looser the better, and some that no kind happens to trigger."""
    rng = np.random.default_rng(seed)
    rates = np.sort(rng.gamma(0.5, 3.0, (2, 20, 40)), axis=2)
    alarms = rng.poisson(rates.transpose(0, 2, 1)).astype(np.int32)
    values = [np.arange(40) / 40 + rng.normal(0.0, 0.02, 40) for _ in range(2)]
    return CrossFit(values, list(alarms), list(alarms.astype(float)), np.zeros(20, dtype=np.int32), HOURS, 100.0)


def test_budgets_grow_and_promise_more() -> None:
    """No budget promises less than it counted."""
    budgets = made(0).budgets
    assert len(budgets) > 20
    assert all(budget.per_hour <= budget.bound_per_hour for budget in budgets)
    assert budgets[0].bound_per_hour < budgets[-1].bound_per_hour


def test_no_budget_is_tried_after_one_that_failed() -> None:
    """Even where a looser one would do again."""
    fit = made(1)
    bounds = [budget.bound_per_hour for budget in fit.budgets]
    for aim in (20.0, 40.0, 60.0):
        kept = fit.within(aim)
        passed = [k for k, bound in enumerate(bounds) if bound > aim]
        if passed[0] == 0:
            assert None is kept
        else:
            assert fit.budgets[passed[0] - 1] is kept


def test_kinds_are_counted_by_settings_that_they_did_not_choose() -> None:
    """One candidate of two is quiet on all kinds but one each: chosen without that kind, it gives its alarms."""
    alarms = np.array([np.eye(6, dtype=np.int32)[k] * 9 for k in range(6)])
    nothing, hours = np.zeros(6, dtype=np.int32), np.full(6, 1.0)
    fit = CrossFit([np.ones(6)], [alarms], [alarms.astype(float)], nothing, hours, 0.0)
    assert [] == fit.budgets  # without its alarms no candidate fits all kinds
    fit = CrossFit([np.ones(6)], [alarms], [alarms.astype(float)], nothing, hours, 2.0)
    assert {9.0} == {budget.per_hour for budget in fit.budgets}


def test_alarms_of_other_classes_count() -> None:
    """Those that no setting is chosen for."""
    alarms = np.zeros((1, 6), dtype=np.int32)
    already, hours = np.array([3, 0, 0, 0, 1, 0], dtype=np.int32), np.full(6, 1.0)
    fit = CrossFit([np.ones(1)], [alarms], [alarms.astype(float)], already, hours, 10.0)
    assert [(4 / 6, rate_bound(already.tolist(), hours.tolist()))] == [
        (budget.per_hour, budget.bound_per_hour) for budget in fit.budgets
    ]


def test_what_only_all_kinds_together_can_afford_is_counted_too() -> None:
    """A loose candidate that just fits the whole budget, and no part of it, counts with its own false alarms."""
    alarms = np.stack([np.zeros(10, dtype=np.int32), np.full(10, 3, dtype=np.int32)])
    nothing, hours = np.zeros(10, dtype=np.int32), np.full(10, 1.0)
    fit = CrossFit([np.array([0.0, 1.0])], [alarms], [alarms + 0.01], nothing, hours, 4.0)
    assert {(0,): 0.0, (1,): 3.0} == {budget.chosen: budget.per_hour for budget in fit.budgets}
