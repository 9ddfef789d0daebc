// Opens the listeners of [admin] where the configuration wants them: the control socket and the metrics. The code behind them is
// loaded only then. I/O by what it opens.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Front } from '../admin/open.js';
import { DEFAULT_CONTROL } from '../config/built-in.js';
import type { Config } from '../config/config.js';
import { messageOf } from '../errors.js';
import type { Log } from '../log/verb.js';
import * as verbs from '../log/verbs/admin.js';
import type { Endpoint } from '../net/endpoint.js';
import type { Listener } from '../net/listener.js';
import type { Operator } from './operator.js';

export class Admin {
  readonly #config: Config['admin'];
  readonly #operator: Operator;
  readonly #log: Log;
  readonly #control: Front | undefined;
  #web: Front | undefined;

  private constructor(config: Config['admin'], operator: Operator, log: Log, control: Front | undefined) {
    this.#config = config;
    this.#operator = operator;
    this.#log = log;
    this.#control = control;
    if (control !== undefined) verbs.adminListening(log, { endpoint: control.listener.name });
  }

  /**
   * @param beside whether this process is to take the place of another one: then HTTP is opened later, by openWeb()
   * @throws UnavailableError, ConfigError where a configured one cannot be opened. Where the control socket at its usual
   *   place cannot be, which nobody configured, the log tells of it
   */
  static async open(config: Config, operator: Operator, log: Log, beside: boolean): Promise<Admin> {
    const { admin } = config;
    const control = controlOf(config);
    if (control === undefined) return Admin.#withWeb(new Admin(admin, operator, log, undefined), beside);
    const { openControl } = await import('../admin/open.js');
    const opened = await openControl(control, admin, operator, beside).catch((error: unknown) => {
      if (admin.listen !== undefined || beside) throw error;
      verbs.noControl(log, { error: messageOf(error) });
      return undefined;
    });
    return Admin.#withWeb(new Admin(admin, operator, log, opened), beside);
  }

  static async #withWeb(admin: Admin, beside: boolean): Promise<Admin> {
    try {
      if (!beside) await admin.openWeb();
      return admin;
    } catch (error) {
      admin.close();
      throw error;
    }
  }

  /** HTTP for metrics, where it is configured: the other process has closed its own by then. */
  async openWeb(): Promise<void> {
    const { http } = this.#config;
    if (http === undefined) return;
    const { openWeb } = await import('../admin/open.js');
    this.#web = await openWeb(http, this.#config, this.#operator);
    verbs.adminListening(this.#log, { endpoint: this.#web.listener.name });
  }

  closeWeb(): void {
    this.#web?.close();
    this.#web = undefined;
  }

  get control(): Listener | undefined {
    return this.#control?.listener;
  }

  get endpoints(): readonly Endpoint[] {
    return [this.#control, this.#web].flatMap((front) => front?.listener.endpoint ?? []);
  }

  close(): void {
    this.#control?.close();
    this.closeWeb();
  }
}

/** As configured, or where it is by default; undefined where there is none. */
export function controlOf({ admin, file }: Config): Extract<Endpoint, { kind: 'unix' }> | undefined {
  return admin.listen ?? (file === undefined ? undefined : defaultControl());
}

function defaultControl(): typeof DEFAULT_CONTROL | undefined {
  return existsSync(dirname(DEFAULT_CONTROL.path)) ? DEFAULT_CONTROL : undefined;
}
