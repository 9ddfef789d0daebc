// Who came first: a set in the order of its additions, whose first member is found in constant time. To iterate a Set anew for its
// first member would walk over all that were deleted before it, thousands where thousands wait. No I/O.

export class Fifo<Member extends object> {
  readonly #members = new Set<Member>();
  #next = this.#members.values();
  #first: Member | undefined;

  get size(): number {
    return this.#members.size;
  }

  has(member: Member): boolean {
    return this.#members.has(member);
  }

  /** Whoever is there already keeps its place. */
  add(member: Member): void {
    this.#members.add(member);
  }

  /** @returns whether it was there */
  delete(member: Member): boolean {
    if (this.#first === member) this.#first = undefined;
    return this.#members.delete(member);
  }

  /** Who has been there longest. */
  first(): Member | undefined {
    while (this.#first === undefined && this.#members.size > 0) {
      const { done, value } = this.#next.next();
      if (done === true) this.#next = this.#members.values();
      else this.#first = value;
    }
    return this.#first;
  }
}
