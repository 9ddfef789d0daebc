// Opens the listeners of the admin, where the configuration wants them: control socket and metrics. What they need is loaded
// then, and not before. I/O by what it opens.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Front } from '../admin/open.js';
import { DEFAULT_CONTROL } from '../config/built-in.js';
import type { Config } from '../config/config.js';
import { messageOf } from '../errors.js';
import type { Log } from '../log/verb.js';
import * as verbs from '../log/verbs/admin.js';
import type { Endpoint } from '../net/endpoint.js';
import type { Operator } from './operator.js';

export class Admin {
  readonly #fronts: readonly Front[];

  private constructor(fronts: readonly Front[]) {
    this.#fronts = fronts;
  }

  /**
   * @throws UnavailableError, ConfigError where one that is configured cannot be opened; the one that is not is told of
   */
  static async open({ admin, file }: Config, operator: Operator, log: Log): Promise<Admin> {
    const control = admin.listen ?? (file === undefined ? undefined : defaultControl());
    if (control === undefined && admin.http === undefined) return new Admin([]);
    const { openControl, openWeb } = await import('../admin/open.js');
    const fronts: Front[] = [];
    try {
      if (control !== undefined) {
        const opened = await openControl(control, admin, operator).catch((error: unknown) => {
          if (admin.listen !== undefined) throw error;
          verbs.noControl(log, { error: messageOf(error) });
        });
        if (opened !== undefined) fronts.push(opened);
      }
      if (admin.http !== undefined) fronts.push(await openWeb(admin.http, admin, operator));
    } catch (error) {
      for (const front of fronts) front.close();
      throw error;
    }
    for (const { name } of fronts) verbs.adminListening(log, { endpoint: name });
    return new Admin(fronts);
  }

  get endpoints(): readonly Endpoint[] {
    return this.#fronts.map(({ endpoint }) => endpoint);
  }

  close(): void {
    for (const front of this.#fronts) front.close();
  }
}

function defaultControl(): Endpoint | undefined {
  return existsSync(dirname(DEFAULT_CONTROL.path)) ? DEFAULT_CONTROL : undefined;
}
