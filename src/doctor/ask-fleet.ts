// Asks the Valkey of [fleet] as our own user: see survey.ts for what. Connects to it; its client is loaded only where it is
// configured.
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import { messageOf } from '../errors.js';
import type { StreamOfOurs, Survey } from '../fleet/survey.js';

/** What came of it: a file that cannot be used, no connection or a useless one, a login that was refused, or what was seen. */
export type FleetAnswer =
  | { readonly kind: 'unread' | 'away' | 'refused'; readonly error: string }
  | ({ readonly kind: 'seen' } & Survey);

/** For a connection, and for each answer. */
const ANSWER_MS = 3_000;
/** What Valkey says where it does not know the user, or wants one. */
const REFUSED = /\b(?:WRONGPASS|NOAUTH)\b/;

/** @returns undefined where no [fleet] is configured */
export async function askFleet(
  { fleet, backchannels }: Config,
  answerMs = ANSWER_MS,
): Promise<FleetAnswer | undefined> {
  if (fleet === undefined) return undefined;
  const [{ readValkeyAccess }, { visitValkey }, { surveyFleet }] = await Promise.all([
    import('../fleet/access.js'),
    import('../fleet/valkey.js'),
    import('../fleet/survey.js'),
  ]);
  const access = await readValkeyAccess(fleet).catch((error: unknown) => messageOf(error));
  if (typeof access === 'string') return { kind: 'unread', error: access };
  const visit = visitValkey(access, answerMs);
  try {
    const streams = [...new Set(backchannels.flatMap(streamOf))].map(followed);
    const ours = fleet.publish === undefined ? [] : [published(fleet.publish)];
    const time = { now: () => performance.now(), pause };
    return { kind: 'seen', ...(await surveyFleet(visit, [...ours, ...streams], time)) };
  } catch (error) {
    const said = messageOf(error);
    return { kind: REFUSED.test(said) ? 'refused' : 'away', error: said };
  } finally {
    visit.close();
  }
}

function streamOf(backchannel: Config['backchannels'][number]): readonly string[] {
  return 'stream' in backchannel && backchannel.stream !== undefined ? [backchannel.stream] : [];
}

function published(name: string): StreamOfOurs {
  return { name, role: 'publisher' };
}

function followed(name: string): StreamOfOurs {
  return { name, role: 'follower' };
}
