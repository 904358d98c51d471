/** What a client has received, to be waited for. */
export class Received<Message> {
  readonly all: Message[] = [];
  readonly #waiting = new Set<() => void>();

  push(message: Message): void {
    this.all.push(message);
    for (const check of this.#waiting) check();
  }

  /** The first message that matches, among those that are there and those to come. */
  async find(matches: (message: Message) => boolean): Promise<Message> {
    const [found] = await this.take(1, matches);
    if (found === undefined) throw new Error('expected a message');
    return found;
  }

  /** So many messages that match, in their order. */
  take(count: number, matches: (message: Message) => boolean = () => true): Promise<readonly Message[]> {
    return new Promise((resolve) => {
      const check = (): void => {
        const found = this.all.filter(matches);
        if (found.length < count) return;
        this.#waiting.delete(check);
        resolve(found.slice(0, count));
      };
      this.#waiting.add(check);
      check();
    });
  }
}
