"""The frozen estimator's work in NumPy: T = 8 templates of 2 answers, B = 5000 draws.

The loop draws what the program draws, to the bit; the vectorised form does the same amount of work in another order.
"""
import time

import numpy as np

rng = np.random.default_rng(7)
GROUPS = [rng.uniform(-2, 2, 2) for _ in range(8)]
MATRIX = np.array(GROUPS)
DRAWS = 5000


def trimmed(means):
    return np.sort(means, axis=-1)[..., 1:7].mean(axis=-1)


def loop():
    generator = np.random.default_rng(42)
    centers = np.empty(DRAWS)
    for i in range(DRAWS):
        chosen = generator.integers(0, 8, 8)
        centers[i] = trimmed(np.array([GROUPS[t][generator.integers(0, 2, 2)].mean() for t in chosen]))
    return np.percentile(centers, [2.5, 97.5])


def vectorised():
    generator = np.random.default_rng(42)
    chosen = generator.integers(0, 8, (DRAWS, 8))
    answers = generator.integers(0, 2, (DRAWS, 8, 2))
    return np.percentile(trimmed(MATRIX[chosen[..., None], answers].mean(axis=-1)), [2.5, 97.5])


for name, work, repeats in (("loop, same draws", loop, 3), ("vectorised, other draws", vectorised, 50)):
    best = min((lambda start: (work(), time.perf_counter() - start)[1])(time.perf_counter()) for _ in range(repeats))
    print(f"NumPy {np.__version__}, {name:<24} {best * 1000:9.2f} ms")
