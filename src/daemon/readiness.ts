// Whether mail servers should ask this daemon: it listens, and Cyrus can be asked about every domain; where several servers
// share one, at least one of them can. No I/O.
import type { BackchannelFigures, Readiness } from '../admin/operations.js';
import type { Config } from '../config/config.js';
import { serversFor } from '../config/murder-servers.js';

/** @param listening how many listeners are open */
export function readinessOf(
  { domains, backchannels }: Pick<Config, 'domains' | 'backchannels'>,
  listening: number,
  figures: readonly BackchannelFigures[],
): Readiness {
  const of = new Map(figures.map((each) => [each.name, each]));
  const seconds = new Map(backchannels.map(({ name, second }) => [name, second]));
  const named = domains.flatMap((each) => each.backchannels);
  // While the master of a murder is away, its servers are asked all the same.
  const names = [...new Set([...named, ...serversFor(named, { backchannels })])];
  const isDown = (name: string): boolean =>
    [name, seconds.get(name)].every((each) => each === undefined || of.get(each)?.state === 'down');
  const down = domains.filter((each) => serversFor(each.backchannels, { backchannels }).every(isDown));
  return {
    ready: listening > 0 && down.length === 0,
    reasons: [
      `listeners: ${listening} open`,
      ...names.map((name) => `${name}: ${stateInWords(of.get(name))}`),
    ],
  };
}

/** A list has no figures, since it is no connection to Cyrus. */
function stateInWords(figures: BackchannelFigures | undefined): string {
  if (figures === undefined) return 'a list, nobody is asked';
  const { state, answeredAgo, trouble } = figures;
  switch (state) {
    case 'untried':
      return 'nobody was asked yet';
    case 'down':
      return `down: ${trouble ?? 'no answer'}`;
    case 'up':
      return `up, answered ${Math.round(answeredAgo ?? 0)} s ago`;
  }
}
