// Makes the comparison with another socketmap beside the daemon from the configuration, see [shadow] in cyrusmapd.toml(5). I/O: it
// connects with the first question.
import type { Config } from '../config/config.js';
import type { Log } from '../log/log.js';
import * as verbs from '../log/verbs/shadow.js';
import { AskingQueue } from './asking-queue.js';
import { factsOf } from './facts.js';
import { OtherSocketmap } from './other-socketmap.js';
import { Shadow } from './shadow.js';
import { formatEndpoint, type Endpoint } from '../net/endpoint.js';

/** @param now monotonic milliseconds */
export function openShadow(endpoint: Endpoint, config: Config, log: Log, now: () => number): Shadow {
  const { connections, maxWaiting, timeoutMs } = config.shadow;
  const name = formatEndpoint(endpoint);
  const queue = new AskingQueue({
    connect: () => new OtherSocketmap(endpoint, timeoutMs),
    connections,
    maxWaiting,
    now,
    onDown: (error) => verbs.shadowDown(log, { endpoint: name, error }),
    onUp: () => verbs.shadowUp(log, { endpoint: name }),
  });
  return new Shadow(queue, factsOf(config), log, now);
}
