import type { Statement } from '../evidence/statement.ts';
import type { RunContext } from '../github/context.ts';
import type { WorkflowClaims } from '../evidence/provenance.ts';
export type { WorkflowClaims };
export interface SigningInputs {
  readonly sigstore?: 'public' | 'github' | 'custom' | undefined;
  readonly 'fulcio-url'?: string | undefined;
  readonly 'rekor-url'?: string | undefined;
  readonly 'tsa-url'?: string | undefined;
  readonly 'trusted-root'?: string | undefined;
  readonly key?: string | undefined;
}
export interface StatementSigner {
  claims(): Promise<WorkflowClaims | undefined>;
  sign(statements: readonly Statement[]): Promise<Buffer[]>;
}
export async function openSigner(_inputs: SigningInputs, _context: RunContext): Promise<StatementSigner> {
  throw new Error('is being built');
}
