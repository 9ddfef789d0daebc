// The scenarios of a daemon that is watched, beside one that is not. Data only; the work is done elsewhere.
import { measureLoad, type Bench, type Plan } from './measure.js';
import { operated } from './operated.js';
import { OURS } from './results.js';
import type { Scenario } from './scenario.js';

/** A daemon with a control socket and metrics that are asked for, beside a daemon without them. */
function watchedBy(plan: Plan) {
  const watchedToo = (bench: Bench) =>
    operated(bench, (config) => measureLoad(bench, OURS, { ...plan, daemon: { config } }));
  return {
    connections: plan.connections,
    contestants: [
      { label: OURS, measure: watchedToo },
      { label: 'unwatched', measure: (bench: Bench) => measureLoad(bench, OURS, plan) },
    ],
  };
}

export function watched(): Scenario {
  return {
    ...watchedBy({ mode: 'closed', connections: 40, keys: 'hot' }),
    name: 'watched',
    title: 'hit on 40 connections, with metrics scraped and statistics read once a second',
    aims: [{ metric: 'rate', against: 'unwatched', atLeast: 0.97 }],
  };
}

export function atRest(): Scenario {
  return {
    ...watchedBy({ mode: 'open', connections: 1, rate: 100, keys: 'hot' }),
    name: 'watched-rest',
    title: 'memory of a daemon with little to do, with metrics scraped and statistics read once a second',
    aims: [],
  };
}
