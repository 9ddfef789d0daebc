// A heap: pop() always gives the least item. push() and pop() take a time that grows with the logarithm of the size. No I/O.

export class Heap<Item> {
  readonly #before: (a: Item, b: Item) => boolean;
  #items: Item[] = [];

  /** @param before a strict order */
  constructor(before: (a: Item, b: Item) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: Item): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = items[up];
      if (parent === undefined || !this.#before(item, parent)) break;
      items[at] = parent;
      at = up;
    }
    items[at] = item;
  }

  pop(): Item | undefined {
    const items = this.#items;
    const [least] = items;
    const last = items.pop();
    if (last !== undefined && items.length > 0) this.#sink(last);
    return least;
  }

  /** Keeps the items for which `isKept` is true, and their order. */
  filter(isKept: (item: Item) => boolean): void {
    const items = this.#items;
    this.#items = [];
    for (const item of items) if (isKept(item)) this.push(item);
  }

  /** Removes all items. @returns them, in no order */
  clear(): Item[] {
    return this.#items.splice(0);
  }

  /** Puts an item in the place of the first one, and moves it down to where it belongs. */
  #sink(item: Item): void {
    const items = this.#items;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let least = items[child];
      if (least === undefined) break;
      const right = items[child + 1];
      if (right !== undefined && this.#before(right, least)) {
        child += 1;
        least = right;
      }
      if (!this.#before(least, item)) break;
      items[at] = least;
      at = child;
    }
    items[at] = item;
  }
}
