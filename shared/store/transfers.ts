import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { Refused } from '../outcome/outcome.ts';
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
  readonly #begun = new Map<Digest, { readonly size: number; readonly transfer: Promise<Transferred> }>();
  readonly #waiting: (() => void)[] = [];
  #free = AT_ONCE;
  #failure: { readonly error: unknown } | undefined;

  constructor(from: Store, to: Store) {
    this.#from = from;
    this.#to = to;
  }

  /**
   * Begins those of `blobs` that were not begun yet. `there`: the destination has the manifest that names them, so it is asked for them first.
   * One that has another size elsewhere is `Refused`: its bytes are counted once.
   */
  begin(blobs: readonly Descriptor[], there: Promise<boolean>): void {
    for (const blob of blobs) {
      const { digest, size } = blob;
      const before = this.#begun.get(digest);
      if (before && before.size !== size) {
        throw new Refused(
          `${this.#from.place}: ${digest} is named with ${before.size} bytes and with ${size}`,
        );
      }
      if (before) continue;
      const transfer = this.#inTurn(() => this.#move(blob, there));
      transfer.catch(() => undefined);
      this.#begun.set(digest, { size, transfer });
    }
  }

  /** Waits for those of `blobs`, all of which were begun. */
  async arrival(blobs: readonly Descriptor[]): Promise<void> {
    await Promise.all(blobs.map(({ digest }) => this.#begun.get(digest)?.transfer));
  }

  /** Waits for all that were begun. */
  all(): Promise<Transferred[]> {
    return Promise.all(this.#transfers());
  }

  /** Begins no other, and waits for those under way, so that nothing runs on behind `error`. */
  async stop(error: unknown): Promise<void> {
    this.#failure ??= { error };
    await Promise.allSettled(this.#transfers());
  }

  #transfers(): Promise<Transferred>[] {
    return [...this.#begun.values()].map(({ transfer }) => transfer);
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
