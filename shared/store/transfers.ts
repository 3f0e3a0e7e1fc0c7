import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { Store, Written } from './store.ts';

/** A blob of a copy, and what became of it. */
export interface Transferred {
  readonly blob: Descriptor;
  readonly written: Written;
}

/** How many blobs move at once. Between two repositories of one registry each may hold two of its connections. */
const AT_ONCE = 20;

/** The blobs of one copy, each once. After the first failure no other is begun. */
export class Transfers {
  readonly #from: Store;
  readonly #to: Store;
  readonly #begun = new Map<Digest, Promise<Transferred>>();
  readonly #waiting: (() => void)[] = [];
  #free = AT_ONCE;
  #failure: { readonly error: unknown } | undefined;

  constructor(from: Store, to: Store) {
    this.#from = from;
    this.#to = to;
  }

  /** Begins those of `blobs` that were not begun yet. `there`: the destination has the manifest that names them, so it is asked for them first. */
  begin(blobs: readonly Descriptor[], there: Promise<boolean>): void {
    for (const blob of blobs) {
      if (this.#begun.has(blob.digest)) continue;
      const transfer = this.#inTurn(() => this.#move(blob, there));
      transfer.catch(() => undefined);
      this.#begun.set(blob.digest, transfer);
    }
  }

  /** Waits for those of `blobs`, all of which were begun. */
  async arrival(blobs: readonly Descriptor[]): Promise<void> {
    await Promise.all(blobs.map(({ digest }) => this.#begun.get(digest)));
  }

  /** Waits for all that were begun. */
  all(): Promise<Transferred[]> {
    return Promise.all(this.#begun.values());
  }

  /** Begins no other, and waits for those under way, so that nothing runs on behind `error`. */
  async stop(error: unknown): Promise<void> {
    this.#failure ??= { error };
    await Promise.allSettled(this.#begun.values());
  }

  async #move(blob: Descriptor, there: Promise<boolean>): Promise<Transferred> {
    // A registry that has the manifest should have its blobs; clean-ups have been seen to break that.
    if ((await there) && (await this.#to.hasBlob(blob.digest))) return { blob, written: 'present' };
    return { blob, written: await this.#to.putBlob(blob, () => this.#from.getBlob(blob), this.#from) };
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((begin) => this.#waiting.push(begin));
    try {
      if (this.#failure) throw this.#failure.error;
      return await work();
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
