// Asks the registry what is known against the packages that dist/cyrusmapd.js holds: `npm run audit`, after a build. Exit
// status 0: nothing; 1: something; 69: the registry gives no answer, and so nothing is known. Of tools, which are not
// shipped, it tells and no more.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const EX_UNAVAILABLE = 69;

const { stdout, stderr, error } = spawnSync('npm', ['audit', '--json'], {
  encoding: 'utf8',
  timeout: 60_000,
});
const found = vulnerabilitiesIn(stdout);
if (found === undefined) {
  const why =
    error?.message ?? (/^npm warn audit (.*)/m.exec(stderr)?.[1] || 'it said nothing that could be read');
  console.error(`NOT AUDITED: the registry of npm tells of no advisories: ${why}`);
  process.exit(EX_UNAVAILABLE);
}
const shipped = new Set(bundled());
const against = Object.values(found).filter(({ name }) => shipped.has(name));
for (const { name, severity, via } of Object.values(found)) {
  const what = via.map((each) => (typeof each === 'string' ? each : `${each.title} ${each.url}`)).join('; ');
  console.log(`${shipped.has(name) ? 'SHIPPED' : 'not shipped'}: ${name}: ${severity}: ${what}`);
}
console.log(`${shipped.size} packages are shipped: something is known against ${against.length} of them`);
process.exit(against.length === 0 ? 0 : 1);

/** Undefined where it is no report of npm. */
function vulnerabilitiesIn(text) {
  try {
    return JSON.parse(text).vulnerabilities;
  } catch {
    return undefined;
  }
}

/** Names of packages, as .ci/bundle.mjs wrote them above their licences. */
function bundled() {
  const licences = readFileSync(new URL('../dist/LICENSES.txt', import.meta.url), 'utf8');
  return [...licences.matchAll(/^(\S+) \d\S* \([\w.-]+\)$/gm)].map(([, name]) => name);
}
