// The two listeners for administrators: the control socket, where the mode of its file decides who may use it; and HTTP over TCP,
// which only shows and changes nothing. I/O.
import type { Endpoint } from '../net/endpoint.js';
import type { Listener } from '../net/listener.js';
import type { Network } from '../net/network.js';
import { NetworkList } from '../net/network-list.js';
import { controlRoute } from './control-routes.js';
import { HttpFront } from './http-front.js';
import type { Operations } from './operations.js';
import type { PrivatePage } from './page/private.js';
import { sendText } from './respond.js';
import { parseTarget } from './target.js';
import { webRoute } from './watch-routes.js';

export type AdminAccess = {
  readonly socketGroup: string | undefined;
  readonly socketMode: number;
  readonly allow: readonly Network[];
};

export type Front = { readonly listener: Listener; readonly close: () => void };

/**
 * @param beside whether to take the place of a process that listens there already, see ListenerRules
 * @throws UnavailableError, ConfigError as Listener.open() does
 */
export async function openControl(
  endpoint: Endpoint,
  access: AdminAccess,
  operations: Operations,
  beside = false,
): Promise<Front> {
  const { socketGroup, socketMode } = access;
  const options = { socketOwner: undefined, socketGroup, socketMode, allowed: undefined, beside };
  let page: PrivatePage | undefined;
  const invite = async (): Promise<string> => {
    const { PrivatePage } = await import('./page/private.js');
    return (page ??= new PrivatePage(operations)).invite();
  };
  const front = await HttpFront.open(endpoint, options, (request, response) =>
    controlRoute(request, response, operations, invite),
  );
  return {
    listener: front.listener,
    close: () => {
      front.close();
      page?.close();
    },
  };
}

/** @throws UnavailableError, ConfigError as Listener.open() does */
export function openWeb(endpoint: Endpoint, { allow }: AdminAccess, operations: Operations): Promise<Front> {
  const allowed = allow.length === 0 ? undefined : new NetworkList(allow);
  const options = { socketOwner: undefined, socketGroup: undefined, socketMode: 0o600, allowed };
  return HttpFront.open(endpoint, options, async (request, response) => {
    const url = parseTarget(request.url);
    if (url === undefined) return sendText(response, 400, 'the target is no path\n');
    await webRoute(request, url, response, operations);
  });
}
