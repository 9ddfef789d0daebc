// A barrier that many share: each who waits is served by the first NOOP that was sent after he came, so one is on its way at
// a time, whatever the flood. No I/O of its own.

type Waiting = {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

export class SharedNoop {
  readonly #send: () => Promise<void>;
  #next: Waiting | undefined;
  #busy = false;

  /** @param send sends one and resolves when it is answered */
  constructor(send: () => Promise<void>) {
    this.#send = send;
  }

  /** Resolves when one is answered that was sent after this call. @throws what `send` throws */
  pass(): Promise<void> {
    if (this.#next === undefined) {
      this.#next = waiting();
      // Whoever asks in the same turn shares it.
      if (!this.#busy) queueMicrotask(() => void this.#run());
    }
    return this.#next.promise;
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let due = this.#take(); due !== undefined; due = this.#take()) {
      try {
        await this.#send();
        due.resolve();
      } catch (error) {
        due.reject(error);
      }
    }
    this.#busy = false;
  }

  #take(): Waiting | undefined {
    const due = this.#next;
    this.#next = undefined;
    return due;
  }
}

function waiting(): Waiting {
  let resolve = (): void => undefined;
  let reject = (_error: unknown): void => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Whoever waits hears of it; where nobody does any more, it is nobody's business.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
