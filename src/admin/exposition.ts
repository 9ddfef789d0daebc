// Which figures become which metrics. Their names end in the unit, and those of counters in _total. No label has a value that a
// stranger can choose. No I/O.
import type { Figures, Version } from './operations.js';
import { byLabel, counter, gauge, histogram, type Sample } from './prometheus-text.js';

export function expositionOf(version: Version, figures: Figures): string {
  return [
    ...gauge('build_info', 'What runs; always 1.', [[{ version: version.version, node: version.node }, 1]]),
    ...gauge('start_time_seconds', 'When it was started, in seconds since 1970.', [
      [{}, Date.parse(version.startedAt) / 1000],
    ]),
    ...lookups(figures),
    ...connections(figures),
    ...backchannels(figures),
    ...caches(figures),
    ...events(figures),
    ...published(figures),
    ...followed(figures),
    ...policy(figures),
    ...shadow(figures),
    ...process(figures),
    '',
  ].join('\n');
}

function lookups({ lookups: counted, replies, requests, misses, harvest }: Figures): string[] {
  return [
    ...counter('requests_total', 'Requests of mail servers.', [[{}, requests]]),
    ...counter(
      'lookups_total',
      'Lookups by map, by what was found, and by how it was known.',
      counted.map(({ map, verdict, source, count }) => [{ map, verdict, source }, count]),
    ),
    ...counter('replies_total', 'Replies to mail servers by status.', byLabel('status', replies)),
    ...histogram('miss_duration_seconds', 'How long lookups took for which Cyrus had to be asked.', misses),
    ...gauge('harvest_active', 'Whether unknown recipients come faster than usual.', [
      [{}, harvest.active.length === 0 ? 0 : 1],
    ]),
    ...counter('harvests_total', 'Dictionary attacks that have begun.', [[{}, harvest.begun]]),
  ];
}

function connections(figures: Figures): string[] {
  return [
    ...gauge('connections', 'Connections of mail servers that are served.', [[{}, figures.connections]]),
    ...gauge('connections_lingering', 'Connections that we have ended and their peers have not.', [
      [{}, figures.lingering],
    ]),
    ...counter('connections_accepted_total', 'Connections accepted, served or not.', [
      [{}, figures.accepted],
    ]),
    ...counter(
      'connections_closed_total',
      'Connections that we closed, by reason.',
      byLabel('reason', figures.closed),
    ),
  ];
}

function backchannels({ backchannels: all }: Figures): string[] {
  const each = (value: (backchannel: Figures['backchannels'][number]) => number | undefined): Sample[] =>
    all.flatMap((backchannel) => {
      const found = value(backchannel);
      return found === undefined ? [] : [[{ backchannel: backchannel.name }, found] as const];
    });
  return [
    ...gauge(
      'backchannel_up',
      'Whether Cyrus can be asked; 1 also before anybody was asked.',
      each(({ state }) => (state === 'down' ? 0 : 1)),
    ),
    ...gauge(
      'backchannel_answered_seconds',
      'Seconds since Cyrus answered last.',
      each(({ answeredAgo }) => answeredAgo),
    ),
    ...gauge(
      'backchannel_sessions',
      'Sessions with Cyrus, open or being opened.',
      each(({ sessions }) => sessions),
    ),
    ...gauge(
      'backchannel_waiting',
      'Questions that no session has taken yet.',
      each(({ waiting }) => waiting),
    ),
    ...counter(
      'backchannel_questions_total',
      'Questions that were put to Cyrus.',
      each(({ questions }) => questions),
    ),
    ...counter(
      'backchannel_batches_total',
      'Batches in which they went out.',
      each(({ batches }) => batches),
    ),
    ...gauge(
      'witness_standing',
      'Whether the mailbox that must exist does: without it nobody is refused as unknown.',
      each(({ witnessState }) => {
        if (witnessState === undefined || witnessState === 'untried') return undefined;
        return witnessState === 'standing' ? 1 : 0;
      }),
    ),
    ...gauge(
      'mupdate_mailboxes',
      'Users on the list of the mupdate master.',
      each(({ list }) => list?.mailboxes),
    ),
    ...counter(
      'mupdate_lists_total',
      'How often the list of the mupdate master came whole.',
      each(({ list }) => list?.loads),
    ),
    ...gauge(
      'mupdate_unnamed_servers',
      'Servers of the murder that the configuration does not name: while there is one nobody is refused.',
      each(({ list }) => list?.strangers.length),
    ),
  ];
}

function caches({ caches: all }: Figures): string[] {
  return [
    ...gauge(
      'cache_entries',
      'Mailboxes remembered, by store.',
      all.map(({ store, entries }) => [{ store }, entries]),
    ),
    ...gauge(
      'cache_max_entries',
      'At most so many, by store.',
      all.map(({ store, max }) => [{ store }, max]),
    ),
    ...counter(
      'cache_evictions_total',
      'Mailboxes pushed out by others, by store.',
      all.map(({ store, evictions }) => [{ store }, evictions]),
    ),
  ];
}

function events({ events: seen }: Figures): string[] {
  if (seen === undefined) return [];
  return [
    ...counter(
      'events_total',
      "Events that Cyrus pushed, by the event's name.",
      byLabel('event', seen.received),
    ),
    ...counter('event_gaps_total', 'Times at which an event may have been lost.', [[{}, seen.gaps]]),
    ...counter('events_forwarded_total', 'Notifications handed on to the next socket.', [
      [{}, seen.handedOn],
    ]),
    ...counter('events_forward_dropped_total', 'Notifications that could not be handed on.', [
      [{}, seen.dropped],
    ]),
  ];
}

function published({ fleet }: Figures): string[] {
  const publishing = fleet?.publishing;
  if (publishing === undefined) return [];
  const { stream, seq, followers, waiting, held, expired, trouble } = publishing;
  const one = (value: number): Sample[] => [[{ stream }, value]];
  return [
    ...gauge(
      'fleet_publishing',
      'Whether followers of our stream are answered.',
      one(trouble === undefined ? 1 : 0),
    ),
    ...gauge('fleet_seq', 'The number of the last change that was published.', one(seq)),
    ...gauge('fleet_followers', 'Daemons that follow our stream.', one(followers)),
    ...gauge('fleet_unpublished', 'Changes that are not in the stream yet.', one(waiting)),
    ...gauge('fleet_held', 'Answers to Cyrus that wait for followers just now.', one(held)),
    ...counter(
      'fleet_held_expired_total',
      'Answers to Cyrus that waited for a lease to be over.',
      one(expired),
    ),
  ];
}

function followed({ fleet }: Figures): string[] {
  const each = (value: (following: NonNullable<typeof fleet>['following'][number]) => number): Sample[] =>
    (fleet?.following ?? []).map((following) => [{ stream: following.stream }, value(following)]);
  return [
    ...gauge(
      'fleet_lease',
      'Whether the lease of a followed stream holds.',
      each(({ lease }) => (lease ? 1 : 0)),
    ),
    ...gauge(
      'fleet_behind',
      'Changes that the publisher knows of and we do not yet.',
      each(({ behind }) => behind),
    ),
    ...counter(
      'fleet_taken_total',
      'Changes that were taken from the stream.',
      each(({ taken }) => taken),
    ),
    ...counter(
      'fleet_forgotten_all_total',
      'Times at which all that is remembered of a Cyrus was to be asked anew.',
      each(({ forgottenAll }) => forgottenAll),
    ),
  ];
}

function policy({ policy: asked }: Figures): string[] {
  if (asked === undefined) return [];
  return [
    ...gauge('policy_connections', 'Connections of the policy service.', [[{}, asked.connections]]),
    ...counter('policy_requests_total', 'Requests to the policy service.', [[{}, asked.requests]]),
    ...counter(
      'policy_replies_total',
      'Replies of the policy service, by what they do: OK leaves it to Postfix, NOTFOUND refuses, TEMP defers.',
      byLabel('status', asked.replies),
    ),
  ];
}

function shadow({ shadow: beside }: Figures): string[] {
  if (beside === undefined) return [];
  return [
    ...counter(
      'shadow_answers_total',
      'Answers of the other socketmap, by what they are beside ours.',
      byLabel('result', beside.answers),
    ),
    ...counter(
      'shadow_differences_total',
      'Answers that differ, by the kind of the difference.',
      byLabel('kind', beside.differences),
    ),
  ];
}

function process(figures: Figures): string[] {
  return [
    ...counter(
      'log_unlogged_total',
      'Refused and deferred recipients without a line of their own.',
      byLabel('event', figures.unlogged),
    ),
    ...gauge(
      'event_loop_delay_seconds',
      'How late the event loop was at worst in the last quarter of a minute.',
      [[{}, figures.loopDelaySeconds]],
    ),
    ...gauge('resident_memory_bytes', 'Memory of the process.', [[{}, figures.memoryBytes]]),
    ...counter('cpu_seconds_total', 'Time on a processor, of user and system.', [[{}, figures.cpuSeconds]]),
    ...clock(figures),
    ...directory(figures),
    ...(figures.sasldb === undefined
      ? []
      : [
          ...gauge('sasldb_readers', 'Reader slots of sasldb that are taken: at the limit SMTP AUTH fails.', [
            [{}, figures.sasldb.used],
          ]),
          ...gauge('sasldb_max_readers', 'Reader slots of sasldb.', [[{}, figures.sasldb.max]]),
        ]),
  ];
}

/** The present standing is a label, and the value is always 1. */
function clock({ clock: seen }: Figures): string[] {
  if (seen === undefined) return [];
  return [
    ...gauge('clock_standing', 'How far mailboxes.db is believed as the clock of changes.', [
      [{ standing: seen.standing }, 1],
    ]),
    ...counter('clock_changes_total', 'Changes of mailboxes.db that were seen.', [[{}, seen.changes]]),
  ];
}

function directory({ directory: held }: Figures): string[] {
  if (held === undefined) return [];
  return [
    ...gauge('directory_standing', 'Whether the list of all mailboxes answers.', [
      [{ standing: held.standing }, 1],
    ]),
    ...gauge('directory_mailboxes', 'Mailboxes on the list.', [[{}, held.mailboxes]]),
    ...counter('directory_loads_total', 'How often the list was read from the beginning.', [
      [{}, held.loads],
    ]),
    ...counter('directory_confirmed_total', 'Answers of the list that lmtpd confirmed.', [
      [{}, held.confirmed],
    ]),
    ...gauge('directory_missing', 'Mailboxes that went missing while no delete explains it.', [
      [{}, held.missing],
    ]),
  ];
}
