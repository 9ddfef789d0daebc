// Cyrus' programs in a container in which Cyrus does not run: for what they say about files that a test has written into
// a folder, which is /d inside.
import { GenericContainer, type StartedTestContainer } from 'testcontainers';
import type { Suite } from './cyrus.js';

export class CyrusPrograms {
  readonly #container: StartedTestContainer;

  private constructor(container: StartedTestContainer) {
    this.#container = container;
  }

  static async start(suite: Suite, folder: string): Promise<CyrusPrograms> {
    const container = await new GenericContainer(`cyrusmapd/cyrus:${suite}`)
      .withEntrypoint(['sleep'])
      .withCommand(['infinity'])
      .withBindMounts([{ source: folder, target: '/d' }])
      .start();
    return new CyrusPrograms(container);
  }

  /** Runs a shell script as root and gives what it wrote; throws where its status is not 0. */
  async run(script: string): Promise<string> {
    const { output, exitCode } = await this.#container.exec(['bash', '-c', script], {
      env: { PATH: '/usr/lib/cyrus/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    if (exitCode !== 0) throw new Error(`exit status ${exitCode}\n${output}`);
    return output;
  }

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0 });
  }
}
