// The last word of a test run: `N passed, N failed`, and how many were skipped. A file that could not be loaded, a
// failed hook and an error outside of all tests count as failed. Written to the file that TEST_TOTALS names, for
// test/run to print at its very end, or else printed here.
import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export class Totals implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    let passed = 0;
    let skipped = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
        else skipped++;
      }
    }
    const line = `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}\n`;
    const file = process.env['TEST_TOTALS'];
    if (file === undefined) process.stdout.write(line);
    else writeFileSync(file, line);
  }
}
