import { Unavailable } from '../outcome/outcome.ts';

/** How the Sigstore libraries ask a service: each try lasts 20 s at most, tries two to four follow after 0.5, 1 and 2 s. */
export const REQUEST = { timeout: 20_000, retry: { retries: 3, minTimeout: 500, factor: 2 } } as const;

/** Waits for a service no longer than the step's deadline. Whatever goes wrong is `Unavailable` with `message`. */
export async function reach<T>(message: string, deadline: AbortSignal, work: Promise<T>): Promise<T> {
  let stop = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    stop = () => reject(deadline.reason);
    if (deadline.aborted) stop();
    else deadline.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, late]);
  } catch (cause) {
    throw new Unavailable(message, {
      cause,
      hint: 'Run the job again: it is safe, nothing is attached twice.',
    });
  } finally {
    deadline.removeEventListener('abort', stop);
  }
}
