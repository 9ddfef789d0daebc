// main.ts imports this before all that needs a certain Node: on a Node that is too old the program would end somewhere in its midst, with
// a name that this Node does not have. Debian 12, for one, comes with Node 18. Ends the process there.
import { writeSync } from 'node:fs';

/** As `engines` of package.json says. */
const LEAST = 20;
/** EX_UNAVAILABLE of sysexits.h: nothing else is loaded yet. */
const STATUS = 69;

const { node } = process.versions;
if (Number.parseInt(node) < LEAST) {
  writeSync(2, `cyrusmapd: this is Node.js ${node}: must be ${LEAST} or later\n`);
  process.exit(STATUS);
}
