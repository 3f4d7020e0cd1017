"""Vectors for the tests of capbench-stats, computed without its code.

    python -m venv venv && venv/bin/pip install numpy==2.4.6 scipy==1.17.1 diptest==0.12.0
    venv/bin/python generate.py > vectors.json

Made with Python 3.11.7, NumPy 2.4.6, SciPy 1.17.1, diptest 0.12.0 (2026-11-24). The
same versions print the same file.

- Mann-Whitney: scipy.stats.mannwhitneyu, method "exact" for untied samples of up to
  128 values together; for tied ones of up to 64 every deal is counted here, by the sums
  of mean ranks, which SciPy does not; else "asymptotic" with its continuity and tie
  corrections.
- Cliff's delta: mean sign of all differences, by numpy.
- Hodges-Lehmann: numpy.median of all differences.
- Bootstrap: scipy.stats.bootstrap, percentile and BCa. Its resamples are given to it:
  they are drawn here from numpy's PCG64, set to the state that the definition of the
  generator prescribes for our seed, so both compute on the same resamples and the
  intervals may be compared to the last digits.
- Dip: linear programming (scipy.optimize.linprog) straight from the definition, for
  every possible mode; for larger samples the package diptest. Where both apply and no
  values are equal, they are held against each other here.
- Critical dips: 95 % quantile of the dip of uniform samples, by diptest.
- Change points: rank sums by scipy.stats.rankdata; p by shuffling with numpy.
- Normal distribution: scipy.stats.norm.
"""

import json
import sys

import diptest
import numpy as np
import scipy
from scipy import optimize, stats

EXACT_TOTAL = 128
EXACT_TIED_TOTAL = 64
RNG = np.random.Generator(np.random.PCG64(20261124))


def numbers(values):
    return [float(value) for value in values]


# --- Two samples ----------------------------------------------------------------------


def two_samples():
    whole = lambda low, high, n: RNG.integers(low, high, n)
    return {
        "four before five, apart": ([1, 2, 3, 4], [10, 11, 12, 13, 14]),
        "five before four, apart": ([10, 11, 12, 13, 14], [1, 2, 3, 4]),
        "four and four, apart": ([1, 2, 3, 4], [10, 11, 12, 13]),
        "one and one": ([1], [2]),
        "one and many": ([5.5], range(1, 12)),
        "five and five, apart": ([101, 103, 102, 105, 104], [111, 113, 112, 115, 114]),
        "five and five, overlapping": ([1, 3, 5, 7, 9], [2, 4, 6, 8, 10]),
        "five and five, one out of place": ([1, 2, 3, 4, 11], [5.5, 6, 7, 8, 9]),
        "eight and thirty": (RNG.normal(0.8, 1, 8), RNG.normal(0, 1, 30)),
        "thirty and eight": (RNG.normal(0, 1, 30), RNG.normal(1.2, 1, 8)),
        "eight and thirty, apart": (range(100, 108), range(30)),
        "thirty and thirty": (RNG.normal(0.5, 1, 30), RNG.normal(0, 1, 30)),
        "sixty-four and sixty-four": (RNG.normal(0.3, 1, 64), RNG.normal(0, 1, 64)),
        "three and a hundred": (RNG.normal(1, 1, 3), RNG.normal(0, 1, 100)),
        "just beyond exact": (RNG.normal(0.3, 1, 64), RNG.normal(0, 1, 65)),
        "five hundred and three hundred": (RNG.normal(0.1, 1, 500), RNG.normal(0, 1, 300)),
        "three hundred and five hundred": (RNG.exponential(1, 300), RNG.exponential(1.2, 500)),
        "equal samples": ([7, 7, 7, 7, 7], [7, 7, 7, 7, 7]),
        "same values": ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        "one tie": ([1, 2, 3, 4, 5], [5, 6, 7, 8, 9]),
        "many ties": (whole(0, 4, 12), whole(1, 5, 9)),
        "many ties, few first": (whole(0, 4, 5), whole(0, 4, 40)),
        "ties in a large sample": (whole(0, 50, 400), whole(3, 53, 350)),
        "two values only": ([1, 1, 1, 2], [2, 2, 2, 1, 2, 2]),
        "large and nearly equal": (4e6 + whole(0, 9, 20), 4e6 + whole(2, 11, 15)),
    }


def tied_p(first, second):
    """P values of the permutation test: whole numbers only, value by value."""
    pooled = sorted(first + second)
    doubled = {v: 2 * pooled.index(v) + pooled.count(v) + 1 for v in pooled}
    deals = {(0, 0): 1}
    for value in pooled:
        with_value = {
            (taken + 1, total + doubled[value]): ways for (taken, total), ways in deals.items()
        }
        for key, ways in with_value.items():
            deals[key] = deals.get(key, 0) + ways
    n = len(first)
    of_first = {total: ways for (taken, total), ways in deals.items() if taken == n}
    found, every = sum(doubled[v] for v in first), sum(of_first.values())
    expected = n * (len(pooled) + 1)
    p = lambda extreme: sum(ways for total, ways in of_first.items() if extreme(total)) / every
    return {
        "Different": p(lambda total: abs(total - expected) >= abs(found - expected)),
        "FirstGreater": p(lambda total: total >= found),
        "FirstLess": p(lambda total: total <= found),
    }


def mann_whitney_cases():
    alternatives = {"Different": "two-sided", "FirstGreater": "greater", "FirstLess": "less"}
    for name, (first, second) in two_samples().items():
        first, second = np.array(numbers(first)), np.array(numbers(second))
        pooled = np.concatenate([first, second])
        tied = len(np.unique(pooled)) < len(pooled)
        untied = not tied and len(pooled) <= EXACT_TOTAL
        counted = tied and len(pooled) <= EXACT_TIED_TOTAL
        differences = np.subtract.outer(first, second)
        case = {
            "name": name,
            "first": numbers(first),
            "second": numbers(second),
            "exact": untied or counted,
            "delta": float(np.sign(differences).mean()),
            "shift": float(np.median(differences)),
            "p": {},
        }
        for ours, theirs in alternatives.items():
            result = stats.mannwhitneyu(
                first,
                second,
                alternative=theirs,
                method="exact" if untied else "asymptotic",
                use_continuity=True,
            )
            case["u_first"] = float(result.statistic)
            # SciPy divides by a standard deviation of zero if all values are equal.
            case["p"][ours] = float(result.pvalue) if np.ptp(pooled) > 0 else 1.0
        if counted:
            case["p"] = tied_p(case["first"], case["second"])
        yield case


# --- Bootstrap ------------------------------------------------------------------------

MASK = (1 << 128) - 1
MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645


def pcg64(seed, stream):
    """NumPy's generator in the state that O'Neill's seeding of (seed, stream) gives."""
    increment = ((stream << 1) | 1) & MASK
    state = ((seed + increment) * MULTIPLIER + increment) & MASK
    generator = np.random.PCG64()
    generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": state, "inc": increment},
        "has_uint32": 0,
        "uinteger": 0,
    }
    return generator


def positions(seed, count, resamples):
    raw = pcg64(seed, 0).random_raw(count * resamples)
    return np.array([(int(r) * count) >> 64 for r in raw]).reshape(resamples, count)


def statistic(name):
    """Rounded, here and in the test: a resample that holds each value once has the mean
    of the sample, and whether the last bit agrees must not depend on who adds."""
    function = {"mean": np.mean, "median": np.median, "variance": np.var}[name]
    return lambda x, axis=-1: np.round(function(x, axis=axis), 6)


class Given:
    """Stands where scipy.stats.bootstrap expects an earlier result."""

    def __init__(self, distribution):
        self.bootstrap_distribution = distribution


def bootstrap_cases():
    samples = {
        "eight normal": RNG.normal(100, 3, 8),
        "eight skewed": RNG.lognormal(3, 1, 8),
        "nine whole numbers": RNG.integers(100, 110, 9),
        "thirty normal": RNG.normal(0, 1, 30),
        "thirty skewed": RNG.lognormal(0, 1, 30),
        "large and nearly equal": 4e6 + RNG.integers(0, 20, 12),
    }
    for name, values in samples.items():
        values = np.array(numbers(values))
        for which in ["mean", "median", "variance"]:
            for confidence in [0.90, 0.95]:
                seed, resamples = 7 + len(values), 1999
                drawn = statistic(which)(values[positions(seed, len(values), resamples)])
                case = {
                    "name": f"{which} of {name}",
                    "values": numbers(values),
                    "statistic": which,
                    "confidence": confidence,
                    "seed": seed,
                    "resamples": resamples,
                    "replicates": numbers(np.sort(drawn)) if name == "nine whole numbers" and which == "median" else None,
                }
                for ours, theirs in [("percentile", "percentile"), ("bca", "BCa")]:
                    result = stats.bootstrap(
                        (values,),
                        statistic(which),
                        n_resamples=0,
                        bootstrap_result=Given(drawn),
                        confidence_level=confidence,
                        method=theirs,
                        vectorized=True,
                    )
                    interval = result.confidence_interval
                    case[ours] = [float(interval.low), float(interval.high)]
                yield case


# --- Dip ------------------------------------------------------------------------------


def dip_by_definition(values):
    """Smallest distance to a unimodal distribution function, by linear programming."""
    places, counts = np.unique(values, return_counts=True)
    up_to = np.cumsum(counts) / counts.sum()
    below = up_to - counts / counts.sum()
    best = np.inf
    for mode in range(len(places)):
        # Variables: G at each place (at the mode twice, before and after its step), d.
        left = list(range(mode + 1))
        right = list(range(mode + 1, len(places) + 1))
        size = len(places) + 2
        rows, bounds = [], []

        def require(entries, bound):
            row = np.zeros(size)
            for index, factor in entries:
                row[index] += factor
            rows.append(row)
            bounds.append(bound)

        def near(variable, target):
            require([(variable, 1), (size - 1, -1)], target)
            require([(variable, -1), (size - 1, -1)], -target)

        for variable in left:
            near(variable, below[variable])
            if variable != mode:
                near(variable, up_to[variable])
        for variable in right:
            near(variable, up_to[variable - 1])
            if variable - 1 != mode:
                near(variable, below[variable - 1])
        require([(mode, 1), (mode + 1, -1)], 0)
        for variables, offset, sign in [(left, 0, 1), (right, 1, -1)]:
            for a, b in zip(variables, variables[1:]):
                require([(a, 1), (b, -1)], 0)
            for a, b, c in zip(variables, variables[1:], variables[2:]):
                before = places[b - offset] - places[a - offset]
                after = places[c - offset] - places[b - offset]
                scale = before + after
                require(
                    [
                        (a, -sign * after / scale),
                        (b, sign * (before + after) / scale),
                        (c, -sign * before / scale),
                    ],
                    0,
                )
        target = np.zeros(size)
        target[-1] = 1
        solved = optimize.linprog(
            target, np.array(rows), np.array(bounds), bounds=[(0, 1)] * size, method="highs"
        )
        if solved.success:
            best = min(best, solved.fun)
    # A single step at the mode is no reason to call a sample closer than 1/(2n).
    return max(best, 0.5 / counts.sum())


def dip_cases():
    def clusters(n, share, apart):
        first = round(n * share)
        return np.concatenate([RNG.normal(0, 1, first), RNG.normal(apart, 1, n - first)])

    samples = {f"uniform {n}": RNG.random(n) for n in [1, 2, 3, 4, 5, 6, 8, 13, 25]}
    samples |= {f"normal {n}": RNG.normal(0, 1, n) for n in [5, 8, 20, 40]}
    samples |= {f"skewed {n}": RNG.lognormal(0, 1, n) for n in [8, 30]}
    samples |= {
        "two clusters of eight": clusters(8, 0.5, 10),
        "two clusters of thirty": clusters(30, 0.4, 5),
        "three clusters": np.concatenate([clusters(20, 0.5, 8), RNG.normal(20, 1, 12)]),
        "ties": RNG.integers(0, 6, 20),
        "more ties": RNG.integers(0, 3, 30),
        "two values": [1, 1, 1, 2, 2, 2, 2],
        "ties at the ends": [1, 1, 1, 2, 3, 4, 5, 5, 5, 5],
        "ties and clusters": np.round(clusters(30, 0.5, 6)),
    }
    for name, values in samples.items():
        values = np.array(numbers(values))
        by_definition = dip_by_definition(values)
        if len(np.unique(values)) == len(values):
            other = diptest.dipstat(values, allow_zero=False)
            assert abs(other - by_definition) < 1e-9, (name, other, by_definition)
        yield {"name": name, "values": numbers(values), "dip": float(by_definition)}
    for name, values in {
        "uniform 500": RNG.random(500),
        "normal 500": RNG.normal(0, 1, 500),
        "two clusters of 400": clusters(400, 0.5, 3),
    }.items():
        yield {
            "name": name,
            "values": numbers(values),
            "dip": float(diptest.dipstat(values, allow_zero=False)),
        }


def critical_dips():
    rng = np.random.Generator(np.random.PCG64(1985))
    for n in [5, 6, 7, 8, 9, 10, 12, 15, 20, 30, 50, 100, 200, 500, 1000]:
        samples = 1_000_000 if n <= 100 else 100_000
        dips = [diptest.dipstat(rng.random(n)) for _ in range(samples)]
        yield {"n": n, "dip": round(float(np.quantile(dips, 0.95)), 5)}


# --- Change points --------------------------------------------------------------------


def largest_difference(ranks):
    n = ranks.shape[-1]
    before = np.arange(1, n)
    sums = np.cumsum(ranks, axis=-1)[..., :-1] - before * (n + 1) / 2
    return sums**2 / (before * (n - before))


def change_cases():
    series = {
        "steady 40": RNG.normal(100, 1, 40),
        "steady 200 with ties": RNG.integers(100, 104, 200),
        "five of forty": np.concatenate([RNG.normal(103, 1, 5), RNG.normal(100, 1, 35)]),
        "twenty of two hundred": np.concatenate(
            [RNG.normal(101.5, 1, 20), RNG.normal(100, 1, 180)]
        ),
        "weak": np.concatenate([RNG.normal(101, 1, 10), RNG.normal(100, 1, 30)]),
        "weak with ties": np.concatenate([RNG.integers(100, 105, 10), RNG.integers(99, 103, 30)]),
        "late": np.concatenate([RNG.normal(100, 1, 30), RNG.normal(103, 1, 10)]),
        "twelve in halves": [1, 2, 3, 4, 5, 6, 16, 17, 18, 19, 20, 21],
    }
    for name, values in series.items():
        ranks = stats.rankdata(numbers(values))
        differences = largest_difference(ranks)
        shuffled = RNG.permuted(np.tile(ranks, (20_000, 1)), axis=1)
        largest = largest_difference(shuffled).max(axis=1)
        yield {
            "name": name,
            "values": numbers(values),
            "before": int(differences.argmax()) + 1,
            "p": float((1 + (largest >= differences.max() - 1e-9).sum()) / 20_001),
        }


def normal_cases():
    for z in [-8, -3.5, -1.959963984540054, -0.5, 0, 0.1, 1, 2.5, 6, 9]:
        yield {
            "z": float(z),
            "below": float(stats.norm.cdf(z)),
            "above": float(stats.norm.sf(z)),
        }


def lines(document):
    """JSON with one case a line, so that a change shows which case it changes."""
    for key, value in document.items():
        if isinstance(value, list):
            cases = ",\n".join(json.dumps(case, allow_nan=False) for case in value)
            yield f"{json.dumps(key)}: [\n{cases}\n]"
        else:
            yield f"{json.dumps(key)}: {json.dumps(value)}"


document = {
    "versions": {
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "diptest": diptest.__version__,
    },
    "normal": list(normal_cases()),
    "two_samples": list(mann_whitney_cases()),
    "bootstrap": list(bootstrap_cases()),
    "dip": list(dip_cases()),
    "change": list(change_cases()),
    "critical_dip": list(critical_dips()),
}
print("{\n" + ",\n".join(lines(document)) + "\n}")
