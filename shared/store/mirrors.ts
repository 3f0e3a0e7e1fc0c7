import { Readable } from 'node:stream';
import { nameRegistry, parseRepository, type Repository } from '../image/reference.ts';
import { Failure, Invalid, Refused, Unavailable } from '../outcome/outcome.ts';
import { TooLarge, Transient } from './transport.ts';

/** Where else the repositories of a registry are, by its name: the beginnings of their names there, in the order they are asked. */
export type Mirrors = ReadonlyMap<string, readonly string[]>;

/** Reads lines of `registry=mirror`, as in `docker.io=harbor.example.com/dockerhub`. What is none is `Invalid`. */
export function parseMirrors(lines: readonly string[]): Mirrors {
  const mirrors = new Map<string, string[]>();
  for (const line of lines) {
    const [registry = '', mirror, ...more] = line.split('=').map((part) => part.trim());
    if (mirror === undefined || more.length > 0 || registry.includes('/')) {
      throw new Invalid(
        'registry-mirrors',
        `"${line}" is no registry=mirror, as in docker.io=mirror.example.com`,
      );
    }
    const known = nameRegistry(parseRepository(`${registry}/name`, 'registry-mirrors').registry);
    // For what it says of a name that is none.
    parseRepository(`${mirror}/name`, 'registry-mirrors');
    mirrors.set(known, [...(mirrors.get(known) ?? []), mirror]);
  }
  return mirrors;
}

/** The same repository in each mirror of its registry. */
export function listMirrors(repository: Repository, mirrors: Mirrors | undefined): Repository[] {
  const places = mirrors?.get(nameRegistry(repository.registry)) ?? [];
  return places.map((place) => parseRepository(`${place}/${repository.path}`, 'registry-mirrors'));
}

/** Passes a mirror's stream on; wrong bytes are its own fault, and no verdict on what the digest names: `Unavailable`. */
export function excuseMirror(source: Readable): Readable {
  const excused = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* source as AsyncIterable<Buffer>;
    } catch (error) {
      throw error instanceof Refused ? new Unavailable(error.message, { cause: error }) : error;
    }
  };
  const stream = Readable.from(excused(), { objectMode: false });
  return stream.once('close', () => source.destroy());
}

/** Places that are asked for what a digest names, which is the same anywhere. */
export class Sources<From extends { readonly place: string }> {
  readonly #own: From;
  readonly #mirrors: readonly From[];
  readonly #last: From;
  readonly #log: { info(message: string): void };
  /** The registry did not answer once: the mirrors are asked first from then on. */
  #down = false;

  /** `own` and `last` are both the registry itself: the one waits for nothing it is asked to, the other does. */
  constructor(own: From, mirrors: readonly From[], last: From, log: { info(message: string): void }) {
    this.#own = own;
    this.#mirrors = mirrors;
    this.#last = last;
    this.#log = log;
  }

  /**
   * Reads from the registry, and while that is down or asks to wait from the first mirror that has it; when none has, the registry is
   * waited for. A registry that
   * answers is believed: what it does not have, or does not show to this login, no mirror is asked for.
   */
  async read<T>(read: (from: From) => Promise<T>): Promise<T> {
    if (!this.#down) {
      try {
        return await read(this.#own);
      } catch (error) {
        if (!isPassing(error)) throw error;
        // Of many that were asked at the same time one tells.
        if (!this.#down) this.#log.info(`${this.#own.place}: ${error.message}; mirrors are asked`);
        this.#down = true;
      }
    }
    for (const mirror of this.#mirrors) {
      try {
        const found = await read(mirror);
        if (found !== undefined) return found;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        this.#log.info(`${mirror.place}: ${error.message}`);
      }
    }
    return read(this.#last);
  }
}

/** What may pass by itself: no connection, silence, 5xx, a rate limit. */
function isPassing(error: unknown): error is Unavailable {
  if (!(error instanceof Unavailable) || error instanceof TooLarge) return false;
  return error instanceof Transient || error.cause instanceof Transient;
}
