// What a scenario is: who is measured, how, and what we aim at. Types only; no I/O.
import type { Bench, Measured } from './measure.js';
import type { Aim } from './results.js';

export type Contestant = {
  readonly label: string;
  readonly measure: (bench: Bench) => Promise<Measured>;
};

export type Scenario = {
  readonly name: string;
  readonly title: string;
  /** The number of connections, for the plots. */
  readonly connections: number;
  readonly contestants: readonly Contestant[];
  readonly aims: readonly Aim[];
};
