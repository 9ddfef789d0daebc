// Runs each test as vitest does, and then, once all of its file have passed, again with one mutation after the other: in the same
// process, so that a mutation costs what its tests take, and no start of vitest. For quick.mjs, which explains the rest.
import { readFileSync, writeFileSync } from 'node:fs';
import { TestRunner } from 'vitest';

const stryker = (globalThis.__stryker__ ??= {});
/** By the number of each mutation: the test that notices it, or how many have not. What the files before this one found is kept. */
const found = JSON.parse(readFileSync(process.env.MUTATION_FOUND, 'utf8'));
const realTimeout = globalThis.setTimeout;
const stopTimeout = globalThis.clearTimeout;

/** Under this name what a test reaches is counted when it is run again. */
const AGAIN = 'again';
/** A test that takes so many times as long as without a mutation, and at least so many milliseconds, hangs. */
const HANGS_TIMES = 10;
const HANGS_MS = 1_500;
/** Told of, so that it can be made quicker. */
const SLOW_SECONDS = 10;
/** A mutated line that is reached so many times as often is in an endless loop. */
const LOOPS_TIMES = 10;
const LOOPS = 1_000;
/** So does a list that grows so long in one test: it would fill the memory, and end the process that judges. */
const PUSHES_MAX = 5_000_000;
const push = Array.prototype.push;

export default class QuickRunner extends TestRunner {
  #tests = [];

  async onBeforeTryTask(test) {
    await super.onBeforeTryTask(test);
    stryker.activeMutant = undefined;
    stryker.currentTestId = test.id;
  }

  async onAfterRunTask(test) {
    await super.onAfterRunTask(test);
    stryker.currentTestId = undefined;
    const covered = stryker.mutantCoverage?.perTest[test.id] ?? {};
    if (test.result.state === 'pass' && Object.keys(covered).length > 0) this.#tests.push({ test, covered });
  }

  async onAfterRunSuite(suite) {
    if ('filepath' in suite) await this.#mutate();
    await super.onAfterRunSuite(suite);
  }

  async #mutate() {
    const tests = this.#tests.splice(0).sort((a, b) => a.test.result.duration - b.test.result.duration);
    for (const { test, covered } of tests) {
      const begun = performance.now();
      if (!(await this.#isStable(test))) continue;
      const again = stryker.mutantCoverage.perTest[AGAIN] ?? {};
      for (const [id, hits] of Object.entries(covered)) {
        // Reached only because this test was the first to load the module: what runs then does not run again.
        if (again[id] === undefined) {
          found.loaded.push(id);
          continue;
        }
        if (found.noticed[id] !== undefined) continue;
        const error = await this.#run(test, id, hits);
        if (error === undefined) found.unnoticed[id] = (found.unnoticed[id] ?? 0) + 1;
        else found.noticed[id] = `${test.file.name} > ${test.fullTestName ?? test.name}: ${error}`;
        // A mutation may leave something behind, such as a server that does not end: then this process judges no more.
        if (error !== undefined && !(await this.#isStable(test))) return this.#keep();
      }
      const seconds = (performance.now() - begun) / 1000;
      if (seconds > SLOW_SECONDS)
        process.stderr.write(`${seconds.toFixed(0)} s: ${test.file.name} > ${test.name}\n`);
    }
    this.#keep();
  }

  #keep() {
    found.loaded = [...new Set([...found.loaded, ...Object.keys(stryker.mutantCoverage?.static ?? {})])];
    writeFileSync(process.env.MUTATION_FOUND, JSON.stringify(found));
  }

  /** A test that fails the second time without any mutation would notice everything. */
  async #isStable(test) {
    delete stryker.mutantCoverage?.perTest[AGAIN];
    const error = await this.#run(test, undefined, 0);
    if (error !== undefined) found.unstable.push(`${test.file.name} > ${test.name}: ${error}`);
    return error === undefined;
  }

  /** @returns why the test fails with this mutation; undefined where it passes */
  async #run(test, id, hits) {
    const suites = [];
    for (
      let suite = test.suite ?? test.file;
      suite !== undefined;
      suite = suite === test.file ? undefined : (suite.suite ?? test.file)
    )
      suites.unshift(suite);
    const cleanups = [];
    let failure;
    const attempt = async (step) => {
      try {
        return await step();
      } catch (error) {
        failure ??= String(error?.message ?? error)
          .split('\n')[0]
          .slice(0, 120);
        return undefined;
      }
    };
    super.onBeforeTryTask(test);
    stryker.currentTestId = AGAIN;
    stryker.activeMutant = id;
    stryker.hitCount = 0;
    stryker.hitLimit = hits * LOOPS_TIMES + LOOPS;
    let pushes = 0;
    Array.prototype.push = function (...items) {
      pushes += 1;
      if (pushes <= PUSHES_MAX) return push.apply(this, items);
      failure ??= 'it fills the memory';
      throw new Error(failure);
    };
    await attempt(async () => {
      for (const suite of suites) {
        for (const hook of TestRunner.getSuiteHooks(suite)?.beforeEach ?? []) {
          const cleanup = await hook(test.context, suite);
          if (typeof cleanup === 'function') cleanups.unshift(cleanup);
        }
      }
      await inTime(TestRunner.getTestFn(test)(), Math.max(HANGS_MS, HANGS_TIMES * test.result.duration));
    });
    for (const suite of suites.toReversed()) {
      for (const hook of [...(TestRunner.getSuiteHooks(suite)?.afterEach ?? [])].reverse())
        await attempt(() => inTime(hook(test.context, suite), HANGS_MS));
    }
    for (const cleanup of cleanups) await attempt(cleanup);
    for (const finished of test.onFinished ?? []) await attempt(() => finished(test.context));
    test.onFinished = undefined;
    Array.prototype.push = push;
    stryker.activeMutant = undefined;
    stryker.currentTestId = undefined;
    return failure;
  }
}

function inTime(work, ms) {
  return new Promise((resolve, reject) => {
    const timer = realTimeout(() => reject(new Error('it hangs')), ms);
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => stopTimeout(timer));
  });
}
