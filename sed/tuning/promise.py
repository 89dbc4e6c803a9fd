"""Settings whose false alarms stay within an aim on kinds of sound that did not choose them.

Settings that just pass the sounds at hand do so by luck too. So each budget of false alarms is cross-fitted: settings
are chosen without some of the kinds, and their false alarms counted on these. The bound of what was counted so, over
kinds, is what a budget promises. Budgets are tried from the strictest on, up to the first that promises more than the
aim (fixed-sequence testing: A. N. Angelopoulos et al., "Learn then test", 2021): no budget beyond is tried, so that
none is taken because it was lucky.

A setting is charged with the false alarms of its neighbours, too: one that is quiet by chance loses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.detection import rate_bound
from sed.tuning.knapsack import Knapsack, Values

Alarms = NDArray[np.int32]

_FOLDS = 20  # at most; each kind by itself, if they are fewer
_BUDGETS = 60  # tried up to the greatest rate, and as many more in the first quarter
_PARTS = 3  # of a false alarm, in which budgets are counted


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What one budget of false alarms buys.

    Attributes:
        chosen: the candidate of each class, chosen on all kinds.
        per_hour: false alarms an hour, cross-fitted, or of the chosen candidates where these give more.
        bound_per_hour: what as many other kinds give at most, nine times of ten.
    """

    chosen: tuple[int, ...]
    per_hour: float
    bound_per_hour: float


class CrossFit:
    """Budgets of false alarms, cross-fitted over kinds of sound.

    Args:
        values: of each class `[candidates]`.
        alarms: of each class `[candidates, kinds]`.
        charged: the same, with those of their neighbours; need not be whole.
        already: `[kinds]`, false alarms of classes that nothing is chosen for.
        hours: `[kinds]`, their lengths.
        per_hour: the greatest rate that will be asked for.
    """

    def __init__(
        self,
        values: Sequence[Values],
        alarms: Sequence[Alarms],
        charged: Sequence[Values],
        already: Alarms,
        hours: Values,
        per_hour: float,
    ) -> None:
        self._values, self._alarms, self._charged = values, alarms, charged
        self._already, self._hours = already, hours
        everything = self._chooser(np.arange(len(hours)), per_hour)
        most = min(int(_PARTS * per_hour * hours.sum()), everything.capacity)
        tried = np.unique(np.concatenate([np.linspace(0, most / 4, _BUDGETS), np.linspace(0, most, _BUDGETS)]).round())
        counted = self._counted(tried, per_hour)
        self.budgets: list[Budget] = []  # from the strictest on
        for budget, by_kind in zip(tried, counted, strict=True):
            chosen = everything.within(int(budget))
            if chosen is None or by_kind.min() < 0:
                continue
            # The same budget may buy all kinds together what it could not buy without one of them.
            own = already + np.sum([one[at] for one, at in zip(alarms, chosen, strict=True)], axis=0)
            worse = own if own.sum() > by_kind.sum() else by_kind
            rate, bound = worse.sum() / hours.sum(), rate_bound(worse.tolist(), hours.tolist())
            self.budgets.append(Budget(chosen=tuple(chosen), per_hour=float(rate), bound_per_hour=bound))

    def within(self, per_hour: float) -> Budget | None:
        """The last budget before the first that promises more than this; None if the strictest one does."""
        kept = None
        for budget in self.budgets:
            if budget.bound_per_hour > per_hour + 1e-9:
                break
            kept = budget
        return kept

    def _chooser(self, kinds: NDArray[np.int64], per_hour: float) -> Knapsack:
        costs = [np.round(_PARTS * charged[:, kinds].sum(axis=1)).astype(np.int64) for charged in self._charged]
        return Knapsack(self._values, costs, int(_PARTS * per_hour * self._hours[kinds].sum()))

    def _counted(self, budgets: Values, per_hour: float) -> Alarms:
        """False alarms of each kind by settings chosen without it, `[budgets, kinds]`; -1 where no settings fit."""
        kinds = np.arange(len(self._hours))
        counted = np.zeros((len(budgets), len(kinds)), dtype=np.int32)
        for fold in range(min(_FOLDS, len(kinds))):
            held = kinds[fold::_FOLDS]
            others = np.setdiff1d(kinds, held)
            chooser, share = self._chooser(others, per_hour), self._hours[others].sum() / self._hours.sum()
            for number, budget in enumerate(budgets):
                chosen = chooser.within(int(budget * share + 1e-9))
                counted[number, held] = -1
                if chosen is not None:
                    of_classes = [alarms[at, held] for alarms, at in zip(self._alarms, chosen, strict=True)]
                    counted[number, held] = self._already[held] + np.sum(of_classes, axis=0)
        return counted
