"""Plays what other libraries make of the same shuffles: reads one JSON object on standard input, writes one on standard output.

Each rival sees the same features, rewards and costs as ours, in the same order, and starts from nothing:

- mabwiser: linear Thompson sampling, one ridge regression an arm; it knows no budget.
- vowpalwabbit: a contextual bandit over arms as actions, explored by SquareCB (Foster & Rakhlin 2020), the features crossed with the arm; it
  knows no budget.
- paretobandit: its policy (disjoint LinUCB, discounted) and its budget pacer, with the parameters that it publishes for three
  models. Its pacer weighs models by a price known beforehand: it is told the true mean cost of each, which ours must find out.

Each play says how long a choice and a lesson took: the features are brought into the rival's form beforehand.

Rivals that are not installed are left out: pip install mabwiser tqdm vowpalwabbit; pip install --no-deps paretobandit
"""
import importlib.util
import json
import math
import random
import statistics
import sys
import time


class MabWiser:
    module = "mabwiser"
    form = list

    def __init__(self, arms, dimension, budget, mean_costs, seed):
        from mabwiser.mab import MAB, LearningPolicy

        policy = LearningPolicy.LinTS(alpha=0.3, l2_lambda=10)
        self.bandit = MAB(arms=list(range(arms)), learning_policy=policy, seed=seed)
        # It cannot be asked before it was fitted: each arm is tried once.
        self.untried = list(range(arms))
        self.first = []

    def choose(self, x):
        return self.untried[0] if self.untried else int(self.bandit.predict([x]))

    def learn(self, arm, x, reward, cost):
        if not self.untried:
            self.bandit.partial_fit([arm], [reward], [x])
            return
        self.untried.pop(0)
        self.first.append((arm, reward, x))
        if not self.untried:
            self.bandit.fit(*(list(column) for column in zip(*self.first)))


class VowpalWabbit:
    module = "vowpalwabbit"

    @staticmethod
    def form(x):
        return "shared |x " + " ".join(f"{place}:{value:.6g}" for place, value in enumerate(x) if value != 0)

    def __init__(self, arms, dimension, budget, mean_costs, seed):
        import vowpalwabbit

        self.workspace = vowpalwabbit.Workspace("--cb_explore_adf --squarecb -q xa --quiet", enable_logging=False)
        self.actions = [f"|a {arm}" for arm in range(arms)]
        self.random = random.Random(seed)
        self.chance = 1.0

    def choose(self, x):
        chances = self.workspace.predict([x, *self.actions])
        arm = self.random.choices(range(len(chances)), chances)[0]
        self.chance = chances[arm]
        return arm

    def learn(self, arm, x, reward, cost):
        chosen = f"0:{1 - reward}:{self.chance} {self.actions[arm]}"
        self.workspace.learn([x, *self.actions[:arm], chosen, *self.actions[arm + 1 :]])


class ParetoBandit:
    module = "pareto_bandit"

    @staticmethod
    def form(x):
        import numpy

        return numpy.array(x)

    def __init__(self, arms, dimension, budget, mean_costs, seed):
        from pareto_bandit.budget_pacer import BudgetPacer
        from pareto_bandit.policy import DisjointLinUCBPolicy

        self.names = [str(arm) for arm in range(arms)]
        self.policy = DisjointLinUCBPolicy(
            self.names, dim=dimension, alpha=0.01, forgetting_factor=0.997, seed=seed
        )
        self.pacer = BudgetPacer(target_avg_spend_usd=budget)
        low, high = math.log(min(mean_costs)), math.log(max(mean_costs))
        self.prices = {name: (math.log(mean_costs[int(name)]) - low) / (high - low) for name in self.names}

    def choose(self, x):
        penalties = self.pacer.get_extra_cost_penalties(self.prices)
        name, _ = self.policy.select_arm(x, cost_penalties=penalties)
        self.policy.mark_selected(name)
        return int(name)

    def learn(self, arm, x, reward, cost):
        self.policy.update(self.names[arm], x, reward, advance_time=False)
        self.pacer.observe(cost)


def play(rival, shuffle, features, budget, seed):
    rewards, costs = shuffle["rewards"], shuffle["costs"]
    mean_costs = [sum(column) / len(column) for column in zip(*costs)]
    dimension = len(features[0])
    formed = [rival.form(x) for x in features]
    player = rival(len(mean_costs), dimension, budget, mean_costs, seed)
    earned, spent, choosing, learning = [], [], [], []
    for row, reward, cost in zip(shuffle["rows"], rewards, costs):
        began = time.perf_counter_ns()
        arm = player.choose(formed[row])
        chosen = time.perf_counter_ns()
        player.learn(arm, formed[row], reward[arm], cost[arm])
        learning.append(time.perf_counter_ns() - chosen)
        choosing.append(chosen - began)
        earned.append(reward[arm])
        spent.append(cost[arm])
    return {
        "rewards": earned,
        "costs": spent,
        "speed": {
            "chooseUs": statistics.median(choosing) / 1e3,
            "learnUs": statistics.median(learning) / 1e3,
            "cyclesPerSecond": 1e9 * len(earned) / (sum(choosing) + sum(learning)),
        },
    }


def main():
    task = json.load(sys.stdin)
    played = {}
    for rival in (MabWiser, VowpalWabbit, ParetoBandit):
        if importlib.util.find_spec(rival.module) is None:
            continue
        played[rival.module.replace("_", "")] = [
            play(rival, shuffle, task["features"], task["budget"], seed)
            for seed, shuffle in enumerate(task["shuffles"], 1)
        ]
    json.dump(played, sys.stdout)


main()
