// The two listeners of the admin: the control socket, whose file's mode decides who may do what it offers; and HTTP over TCP,
// which only shows. I/O.
import type { Endpoint } from '../net/endpoint.js';
import type { Network } from '../net/network.js';
import { NetworkList } from '../net/network-list.js';
import { controlRoute, parseTarget } from './control-routes.js';
import { HttpFront } from './http-front.js';
import type { Operations } from './operations.js';
import { sendText } from './respond.js';
import { webRoute } from './watch-routes.js';

export type AdminAccess = {
  readonly socketGroup: string | undefined;
  readonly socketMode: number;
  readonly allow: readonly Network[];
};

/** @throws UnavailableError, ConfigError as Listener.open() does */
export function openControl(
  endpoint: Endpoint,
  access: AdminAccess,
  operations: Operations,
): Promise<HttpFront> {
  const { socketGroup, socketMode } = access;
  const options = { socketOwner: undefined, socketGroup, socketMode, allowed: undefined };
  return HttpFront.open(endpoint, options, (request, response) =>
    controlRoute(request, response, operations),
  );
}

/** @throws UnavailableError, ConfigError as Listener.open() does */
export function openWeb(
  endpoint: Endpoint,
  { allow }: AdminAccess,
  operations: Operations,
): Promise<HttpFront> {
  const allowed = allow.length === 0 ? undefined : new NetworkList(allow);
  const options = { socketOwner: undefined, socketGroup: undefined, socketMode: 0o600, allowed };
  return HttpFront.open(endpoint, options, async (request, response) => {
    const url = parseTarget(request.url);
    if (url === undefined) return sendText(response, 400, 'the target is no path\n');
    await webRoute(request, url, response, operations);
  });
}
