"""The four libraries that evolution.py runs beside ours, each behind `generation(fitness)`: one ask and one tell.

float64, separable, each in its fastest form: what can be compiled is compiled, and what takes threads has all of them. What a
library compiles or allocates once happens in its constructor or in the two generations that nobody times.
"""
import warnings

import numpy

warnings.simplefilter("ignore")


class Pycma:
    name = "pycma"

    def __init__(self, dimension, candidates):
        import cma
        options = {"CMA_diagonal": True, "popsize": candidates, "seed": 1, "verbose": -9, "verb_log": 0}
        self.search = cma.CMAEvolutionStrategy(numpy.zeros(dimension), 0.5, options)

    def generation(self, fitness):
        self.search.tell(self.search.ask(), fitness)


class Cmaes:
    name = "cmaes"

    def __init__(self, dimension, candidates):
        import cmaes
        self.candidates = candidates
        self.search = cmaes.SepCMA(mean=numpy.zeros(dimension), sigma=0.5, population_size=candidates, seed=1)

    def generation(self, fitness):
        population = [self.search.ask() for _ in range(self.candidates)]
        self.search.tell(list(zip(population, fitness)))


class Evosax:
    """`ask` and `tell` come compiled; the state is read to its end, so that the clock sees the work."""

    name = "evosax"

    def __init__(self, dimension, candidates):
        import jax
        jax.config.update("jax_enable_x64", True)
        from evosax.algorithms import Sep_CMA_ES
        self.jax = jax
        self.search = Sep_CMA_ES(population_size=candidates, solution=jax.numpy.zeros(dimension))
        self.parameters = self.search.default_params
        self.key = jax.random.key(1)
        self.state = self.search.init(self.key, jax.numpy.zeros(dimension), self.parameters)
        population, _ = self.search.ask(self.key, self.state, self.parameters)
        assert population.dtype == numpy.float64

    def generation(self, fitness):
        self.key, key = self.jax.random.split(self.key)
        population, state = self.search.ask(key, self.state, self.parameters)
        self.state, _ = self.search.tell(key, population, self.jax.numpy.asarray(fitness), state, self.parameters)
        self.jax.block_until_ready(self.state)


class Evotorch:
    """Its `step` is ask, evaluation and tell; the evaluation hands out what was drawn before."""

    name, threads = "evotorch", 2

    def __init__(self, dimension, candidates):
        import logging
        logging.disable(logging.INFO)
        import torch
        from evotorch import Problem
        from evotorch.algorithms import CMAES
        self.torch, self.fitness = torch, None
        problem = Problem("max", lambda _: self.fitness, solution_length=dimension, initial_bounds=(-1, 1), dtype=torch.float64,
                          vectorized=True, seed=1)
        self.search = CMAES(problem, stdev_init=0.5, popsize=candidates, center_init=torch.zeros(dimension, dtype=torch.float64),
                            separable=True)

    def generation(self, fitness):
        self.torch.set_num_threads(self.threads)
        self.fitness = self.torch.from_numpy(fitness)
        self.search.step()


class EvotorchOne(Evotorch):
    """Two threads help only where there is much to do."""

    name, threads = "evotorch, 1 thread", 1


PEERS = (Pycma, Cmaes, Evosax, Evotorch, EvotorchOne)
PACKAGES = ("cma", "cmaes", "evosax", "evotorch", "jax", "torch", "numpy")
