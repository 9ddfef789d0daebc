// Who connected while this process stood still has waited in the kernel with its question, and may have given up since.
// The loop accepts at least one connection of each listener a turn, oldest first: so what comes after a whole turn
// without any is new, and so is what comes after as many as all backlogs can hold. No I/O.

export class Suspects {
  #left = 0;
  #acceptedInTurn = false;

  /**
   * After a stall.
   * @param backlog how many may have waited, of all listeners together
   */
  begin(backlog: number): void {
    this.#left = backlog;
    this.#acceptedInTurn = true;
    const endOfTurn = (): void => {
      if (!this.#acceptedInTurn) this.#left = 0;
      this.#acceptedInTurn = false;
      if (this.#left > 0) setImmediate(endOfTurn);
    };
    setImmediate(endOfTurn);
  }

  /** Called for each connection as it is accepted. */
  includesNext(): boolean {
    if (this.#left === 0) return false;
    this.#acceptedInTurn = true;
    this.#left -= 1;
    return true;
  }
}
