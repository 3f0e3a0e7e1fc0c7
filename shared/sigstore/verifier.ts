import type { VerifiedStatement } from '../evidence/evidence.ts';
import type { RunContext } from '../github/context.ts';
import type { Digest } from '../image/digest.ts';
import type { SigningInputs } from './signer.ts';
export interface StatementVerifier {
  readonly rootDigest: Digest | undefined;
  verify(bundle: Buffer): Promise<VerifiedStatement>;
}
export async function openVerifier(_inputs: SigningInputs, _context: RunContext): Promise<StatementVerifier> {
  throw new Error('is being built');
}
