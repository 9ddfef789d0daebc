// What the control socket answers: GET only shows, POST changes something. Only those who may open the socket's file get here.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { UnavailableError } from '../errors.js';
import type { Flush, Handing, Operations, TakeoverRequest } from './operations.js';
import { followLines, sendJson, sendText, streamLines } from './respond.js';
import { parseTarget } from './target.js';
import { watchRoute } from './watch-routes.js';

/** The longest key that may be asked about. */
const KEY_MAX_BYTES = 10_000;

type Query = URLSearchParams;
/** Gives the URL of the page that also shows mail addresses. Only the control socket tells it. */
export type Invite = () => Promise<string>;

type Route = (
  query: Query,
  response: ServerResponse,
  operations: Operations,
  invite: Invite,
) => Promise<void> | void;

const ROUTES: { readonly [methodAndPath: string]: Route } = {
  'GET /version': (_, response, operations) => sendJson(response, 200, operations.version()),
  'GET /stats': (_, response, operations) => sendJson(response, 200, operations.figures()),
  'GET /explain': async (query, response, operations) => {
    const key = keyOf(query, 'key');
    if (key === undefined) return refuse(response, `key is missing, or has over ${KEY_MAX_BYTES} bytes`);
    sendJson(response, 200, await operations.explain(key, query.get('ask') === '1'));
  },
  'GET /dump': (query, response, operations) =>
    streamLines(response, operations.dump(query.get('domain') ?? undefined)),
  'GET /tail': (query, response, operations) => {
    const filter = {
      verdict: query.get('verdict') ?? undefined,
      domain: query.get('domain') ?? undefined,
    };
    return followLines(response, 'application/x-ndjson', (write) => {
      let dropped = 0;
      return operations.tail(filter, (line) => {
        const told = dropped === 0 ? '' : `${JSON.stringify({ dropped })}\n`;
        dropped = write(`${told}${JSON.stringify(line)}\n`) ? 0 : dropped + 1;
      });
    });
  },
  'POST /flush': async (query, response, operations) => {
    const flush = flushOf(query);
    if (flush === undefined) return refuse(response, 'must have one of key, domain, negative and all');
    sendJson(response, 200, { forgotten: await operations.flush(flush) });
  },
  'GET /takeover': (_, response, operations) => sendJson(response, 200, operations.standing()),
  'POST /takeover': (query, response, operations) => handOver(query, response, operations),
  'POST /page': async (_, response, __, invite) => sendJson(response, 200, { address: await invite() }),
  'POST /reload': async (_, response, operations) => sendJson(response, 200, await operations.reload()),
};

export async function controlRoute(
  request: IncomingMessage,
  response: ServerResponse,
  operations: Operations,
  invite: Invite,
): Promise<void> {
  const url = parseTarget(request.url);
  if (url === undefined) return refuse(response, 'the target is no path');
  const route = ROUTES[`${request.method ?? ''} ${url.pathname}`];
  if (route !== undefined) return route(url.searchParams, response, operations, invite);
  if (await watchRoute(request, url, response, operations)) return;
  const known = Object.keys(ROUTES).some((name) => name.endsWith(` ${url.pathname}`));
  sendText(response, known ? 405 : 404, known ? 'another method\n' : 'no such path\n');
}

async function handOver(query: Query, response: ServerResponse, operations: Operations): Promise<void> {
  const request = takeoverOf(query);
  if (request === undefined) return refuse(response, 'must have pid, and as many of place as of bound');
  let handing: Handing;
  try {
    handing = await operations.handOver(request);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return sendText(response, 409, `${error.message}\n`);
  }
  // The takeover may wait long for a process of Cyrus that has not sent all of its event, so there is no timeout.
  response.socket?.setTimeout(0);
  response.on('close', () => handing.abandon());
  if (response.destroyed) handing.abandon();
  await streamLines(response, handing.lines());
}

function takeoverOf(query: Query): TakeoverRequest | undefined {
  const [pid, places, bounds] = [Number(query.get('pid')), query.getAll('place'), query.getAll('bound')];
  if (!Number.isSafeInteger(pid) || pid < 1 || places.length !== bounds.length) return undefined;
  return { pid, places: places.map((place, at) => ({ place, bound: bounds[at] ?? '' })) };
}

function refuse(response: ServerResponse, what: string): void {
  sendText(response, 400, `${what}\n`);
}

/** A parameter as latin1: each character is one byte. */
function keyOf(query: Query, name: string): string | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const key = Buffer.from(text, 'utf8').toString('latin1');
  return key.length > KEY_MAX_BYTES ? undefined : key;
}

function flushOf(query: Query): Flush | undefined {
  if ([...query.keys()].length !== 1) return undefined;
  const key = keyOf(query, 'key');
  if (key !== undefined) return { what: 'key', name: key };
  const domain = keyOf(query, 'domain');
  if (domain !== undefined) return { what: 'domain', name: domain.toLowerCase() };
  if (query.has('negative')) return { what: 'negative' };
  return query.has('all') ? { what: 'all' } : undefined;
}
