// Collects what the tests of the matrix have seen, and writes and prints the report when all of them are through.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import { SUITES } from '../containers/cyrus.js';
import { SETUPS } from '../containers/setup.js';
import { intoPart } from '../../bench/evidence.js';
import { renderMatrix } from './report.js';
import type {} from './seen.js';

export class MatrixReporter implements Reporter {
  readonly #file: string;
  readonly #page: string | undefined;

  /** @param page undefined where it is to be left alone; it is, too, where a test has failed or was left out */
  constructor(file: string, page: string | undefined) {
    this.#file = file;
    this.#page = page;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const seen = tests.flatMap((test) => test.meta().matrix ?? []);
    const report = renderMatrix(seen);
    writeFileSync(this.#file, report);
    process.stdout.write(`\n${report}\n`);
    if (this.#page === undefined) return;
    const whole = seen.length === SUITES.length * SETUPS.length && modules.every((module) => module.ok());
    if (!whole)
      process.stdout.write(`${this.#page} is left as it is: not everything was tried and has passed\n`);
    else writeFileSync(this.#page, intoPart(readFileSync(this.#page, 'utf8'), 'matrix', report));
  }
}
