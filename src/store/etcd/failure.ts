/** What one member of a cluster did not do, and what to make of it. */

/** What became of one request to one member. */
export interface Failure {
  /** What to do next: ask another member, authenticate anew, or nothing: every member would say the same. */
  readonly remedy: "another" | "authenticate" | "none";
  /**
   * `void`: it was not carried out and never will be. `over`: it may have been, but never will be from now on.
   * `unknown`: it may have been, or may be yet.
   */
  readonly outcome: "void" | "over" | "unknown";
  /** Whether it will be the same in a moment: where all members fail like this, nobody waits. */
  readonly isLasting?: boolean;
  /** For how long an answer was waited for, where none came. */
  readonly waitedMs?: number;
  readonly reason: string;
  readonly advice: string;
}
